import { app } from '../../base';
import { useWords, type Key } from '../../i18n';
import { TakePlay } from '../../ui/play';
import { Radios } from '../../ui/radios';

// Kind is where a webhook goes, as people think of it; the address tells the rest.
const kinds = ['tool', 'chat', 'own', 'play'] as const;
export type Kind = (typeof kinds)[number];

export const kindOf = (text: string | undefined): Kind | undefined => kinds.find((k) => k === text && (k !== 'play' || app.features.play));

const offered = () => kinds.filter((k) => k !== 'play' || app.features.play);

// help is where the address is found, for the tools of a kind.
const help: Record<Kind, Key[]> = {
  tool: ['address.help.zapier', 'address.help.make', 'address.help.n8n', 'address.help.power_automate'],
  chat: ['address.help.chat'],
  own: ['address.help.own', 'address.help.listen'],
  play: [],
};

// Kinds asks where it shall go, for those who don't know what an address of a receiver
// is. Who has an address need not choose.
export function Kinds({ kind, onChoose }: { kind: Kind | undefined; onChoose: (kind: Kind) => void }) {
  const { t } = useWords();
  return (
    <Radios
      label={t('step.to.question')}
      value={kind}
      onChange={onChoose}
      options={offered().map((value) => ({ value, label: t(`kind.to.${value}`), text: t(`kind.to.${value}.text`) }))}
    />
  );
}

// KindHelp says where the address is found, or fills one in.
export function KindHelp({ kind, url, owner, onTake }: { kind: Kind; url: string; owner: string | undefined; onTake: (url: string) => void }) {
  const { t } = useWords();
  if (kind === 'play') return url === '' ? <TakePlay owner={owner} onTake={onTake} /> : null;
  return (
    <div className="stack tight">
      <strong>{t('address.help')}</strong>
      <ul>
        {help[kind].map((key) => (
          <li key={key}>{t(key)}</li>
        ))}
      </ul>
    </div>
  );
}
