import { type Rule } from '../api/hooks';
import { useWords } from '../i18n';
import { everythingIn } from '../rules/draft';
import { ConditionWords } from './condition-words';
import { Icon } from './icons';
import { useNames, useTypes } from './names';

// Listens says in a few words what rules listen to. That it is everything is said
// as a warning: nobody should send all by accident.
export function Listens({ rules }: { rules: Rule[] }) {
  const { t } = useWords();
  const { title } = useTypes();
  const names = useNames();
  if (everythingIn(rules)) {
    return (
      <span className="warn with-icon">
        <Icon name="warning" /> {t('listens.everything')}
      </span>
    );
  }
  const types = new Set(rules.flatMap((r) => (r.all_of ? [] : (r.events ?? []))));
  const combinations = rules.filter((r) => r.all_of).length;
  const open = rules.some((r) => !r.projects?.length && !r.companies?.length);
  const places = new Set(rules.flatMap((r) => [...(r.projects ?? []), ...(r.companies ?? [])]));
  const only = places.size === 1 ? [...places][0] : undefined;
  return (
    <span dir="auto">
      {[
        types.has('*') ? t('listens.all_types') : types.size === 1 && [...types].every((x) => !x.includes('*')) ? title([...types][0] ?? '') : types.size > 0 ? t('listens.types', { n: types.size }) : '',
        combinations > 0 ? t('listens.combinations', { n: combinations }) : '',
        open ? t('listens.all_projects') : only ? (rules.some((r) => r.companies?.length) ? names.company(only) : names.project(only)) : t('listens.places', { n: places.size }),
      ]
        .filter(Boolean)
        .join(', ')}
    </span>
  );
}

// RuleWords says a rule as a sentence.
export function RuleWords({ rule }: { rule: Rule }) {
  const { t, format } = useWords();
  const { title } = useTypes();
  const names = useNames();
  const what = (events: string[] | null | undefined) => format.list((events ?? []).map((e) => (e === '*' ? t('rule.every_type') : e.endsWith('*') ? t('rule.prefix', { prefix: e.slice(0, -1) }) : e.startsWith('*') ? t('rule.suffix', { suffix: e.slice(1) }) : t('line.quoted', { value: title(e) }))));
  const where = [...(rule.projects ?? []).map(names.project), ...(rule.companies ?? []).map((c) => t('rule.company', { name: names.company(c) }))];
  return (
    <div className="stack tight">
      <div>
        {rule.all_of
          ? t('rule.combination', { parts: rule.all_of.map((p) => what(p.events)).join(' + '), within: rule.within ?? '', same: rule.same ?? 'project_id' })
          : t('rule.when', { what: what(rule.events) })}{' '}
        {rule.not_events && rule.not_events.length > 0 && `${t('rule.but', { what: what(rule.not_events) })} `}
        {where.length > 0 ? t('rule.where', { where: format.list(where) }) : t('rule.everywhere')}
      </div>
      {rule.filter && (
        <div className="small">
          {t('rule.only_if')} <ConditionWords filter={rule.filter} />
        </div>
      )}
    </div>
  );
}
