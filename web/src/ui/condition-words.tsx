import { useQuery } from '@tanstack/react-query';
import { api, ok, type Schemas } from '../api/client';
import { useWords } from '../i18n';
import { cel, linesOf, parse, valuesAt, type Group, type Join, type Line } from '../rules/condition';
import { Word } from './parts';

// valueOps say of a value what the operators of lists say of the value of one in them.
const valueOps = {
  has_named: 'op.is',
  has_named_not: 'op.is_not',
  has_named_contains: 'op.contains',
  has_named_more: 'op.more',
  has_named_at_least: 'op.at_least',
  has_named_less: 'op.less',
  has_named_at_most: 'op.at_most',
} as const;

// useLineWords says a line of a condition as people say it.
function useLineWords() {
  const { t, format } = useWords();
  return (l: Line): string => {
    const field = 'path' in l ? l.path : t(l.op === 'by' || l.op === 'not_by' ? 'only_if.who' : 'only_if.when');
    const op = t(`op.${l.op}`);
    const quoted = (value: string) => t('line.quoted', { value });
    switch (l.op) {
      case 'from_to':
        return t('line.from_to', { field, from: l.from, to: l.to });
      case 'between':
      case 'hours':
        return `${field} ${op} ${t('line.range', { from: format.number(l.from), to: format.number(l.to) })}`;
      case 'has_name':
        return t('line.has_name', { field, name: l.name });
      case 'has_named':
      case 'has_named_not':
      case 'has_named_contains':
        return t('line.named', { field, name: l.name, op: t(valueOps[l.op]), value: quoted(l.value) });
      case 'has_named_more':
      case 'has_named_at_least':
      case 'has_named_less':
      case 'has_named_at_most':
        return t('line.named', { field, name: l.name, op: t(valueOps[l.op]), value: format.number(l.number) });
      case 'grows_by':
        return `${field} ${op} ${format.percent(l.number / 100)}`;
      case 'one_of':
        return `${field} ${op} ${l.values.map(quoted).join(', ')}`;
    }
    if ('number' in l) return `${field} ${op} ${format.number(l.number)}`;
    if ('day' in l) return `${field} ${op} ${format.date(l.day)}`;
    const value = 'value' in l ? l.value : 'user' in l ? l.user : undefined;
    return value === undefined ? `${field} ${op}` : `${field} ${op} ${quoted(value)}`;
  };
}

// ConditionWords says a condition that was put together without code in words, and
// shows any other one as it is.
export function ConditionWords({ filter }: { filter: string }) {
  const { t } = useWords();
  const say = useLineWords();
  const condition = parse(filter);
  if (!condition) return <code dir="ltr">{filter}</code>;
  const join = (parts: string[], how: Join) => parts.join(` ${t(how === 'all' ? 'line.and' : 'line.or')} `);
  const piece = (l: Line | Group) => (l.op === 'group' ? `(${join(l.lines.map(say), l.join)})` : say(l));
  return <span>{join(condition.lines.map(piece), condition.join)}</span>;
}

// States are those of an event.
interface States {
  previous: Record<string, unknown> | null;
  current: Record<string, unknown> | null;
}

interface Asked {
  filter: string;
  sample: NonNullable<Schemas['CheckForm']['sample']>;
  states: States | undefined;
  owner?: string | undefined;
}

const mostLines = 50; // as many as a webhook may have rules

// LinesOf says of each line of a condition whether it holds for an event, and what the
// event had instead. A condition that was written by hand has no lines.
export function LinesOf({ filter, sample, states, owner }: Asked) {
  const { t } = useWords();
  const say = useLineWords();
  const condition = parse(filter);
  const lines = condition ? linesOf(condition).slice(0, mostLines) : [];
  const query = useQuery({
    queryKey: ['lines', filter, sample, owner],
    enabled: lines.length > 0,
    gcTime: 0,
    staleTime: 60_000,
    retry: false,
    queryFn: () => ok(api.POST('/v1/webhooks/check', { body: { rules: lines.map((l) => ({ events: ['*'], filter: cel(l) })), sample, ...(owner && { owner_id: owner }) } })),
  });
  const results = new Map(query.data?.filters.map((f) => [f.pointer, f.result]));
  if (results.size === 0) return null;
  return (
    <ul className="plainlist small">
      {lines.map((line, i) => {
        const holds = results.get(`/rules/${i}/filter`) === 'true';
        return (
          <li key={i}>
            <Word tone={holds ? 'good' : 'warn'} icon={holds ? 'check' : 'cross'} wraps>
              <span className="hidden">{t(holds ? 'line.holds' : 'line.fails')}: </span>
              {say(line)}
            </Word>{' '}
            {!holds && <Instead line={line} states={states} />}
          </li>
        );
      })}
    </ul>
  );
}

// Instead is what an event had where a line wants something else.
function Instead({ line, states }: { line: Line; states: States | undefined }) {
  const { t } = useWords();
  if (!states || !('path' in line)) return null;
  const said = (value: unknown) => (value === undefined || value === null || value === '' ? t('line.nothing') : t('line.quoted', { value: (typeof value === 'string' ? value : JSON.stringify(value)).slice(0, 80) }));
  const { before, after } = valuesAt(line, states);
  return <span className="dim">{before === undefined ? t('line.was', { value: said(after) }) : t('line.was_both', { before: said(before), after: said(after) })}</span>;
}
