import { useWords } from '../i18n';

// shownFields are the settings of a webhook that the app shows.
export const shownFields = ['name', 'url', 'rules', 'payload_format', 'signature', 'timeout_seconds', 'rate_limit_per_second', 'max_in_flight', 'auto_recover', 'headers'] as const;
export type Field = (typeof shownFields)[number];

// useSettingWords names settings and says their values.
export function useSettingWords() {
  const { t, has, format } = useWords();
  const label = (field: Field) => {
    const key = `setting.${field}`;
    return has(key) ? t(key) : field;
  };
  const words = (field: Field, value: unknown): string => {
    if (value === null || value === undefined || value === '') return field === 'timeout_seconds' ? t('usual') : field === 'rate_limit_per_second' || field === 'max_in_flight' ? t('no_limit') : t('mark.nothing');
    switch (field) {
      case 'payload_format':
        return has(`format.${String(value)}`) ? t(`format.${String(value)}` as 'format.standard') : String(value);
      case 'signature':
        return t(value === 'ed25519' ? 'signature.ed25519' : 'signature.hmac');
      case 'auto_recover':
        return t(value ? 'yes' : 'no');
      case 'headers':
        return format.list(Object.keys(value as object)) || t('mark.nothing');
      default:
        return typeof value === 'number' ? format.number(value) : typeof value === 'string' ? value : JSON.stringify(value);
    }
  };
  return { label, words };
}
