import { Button, NativeSelect, NumberInput, TextInput } from '@mantine/core';
import { lazy, Suspense, useId, useState } from 'react';
import { useSession } from '../../api/hooks';
import { useWords } from '../../i18n';
import { cel, opsFor, parse, write, type Condition, type Field, type Group, type Join, type Line, type Op } from '../../rules/condition';
import type { Draft } from '../../rules/draft';
import type { Fault } from '../../rules/findings';
import { Faults } from '../../ui/findings';
import { useFields } from '../../ui/fields';
import { Loading, Note } from '../../ui/parts';
import { placeOf } from '../../rules/place';
import { Limits } from './limits';
import type { Set } from './what';

// The editor is as large as all else together: it comes when someone writes by hand.
const CelEditor = lazy(() => import('../../ui/cel-editor'));

// OnlyIf puts a condition together, or takes it as text. What it did not write
// itself it shows as text and never rewrites.
// fault is what the server finds wrong with it, none what it means to have no condition.
export function OnlyIf({ draft: d, set, fault, none }: { draft: Draft; set: Set; fault?: Fault | undefined; none?: string }) {
  const { t } = useWords();
  const fields = useFields(d.what === 'some' ? d.types : undefined);
  const help = useId();
  const [byHand, setByHand] = useState(d.filter !== '' && !parse(d.filter));
  const [condition, setCondition] = useState<Condition>(() => parse(d.filter) ?? { join: 'all', lines: [] });
  if (d.what === null || d.what === 'together') return <p>{t('only_if.not_here')}</p>;
  const change = (next: Condition) => {
    setCondition(next);
    const complete = next.lines.every(finished);
    set({ filter: complete ? write(next) : '', unfinished: !complete });
  };
  if (byHand) {
    return (
      <div className="stack">
        <div>
          <strong aria-hidden="true">{t('only_if.text')}</strong>
          <p className="dim small" id={help}>
            {t('only_if.text.help')}
          </p>
          <Suspense fallback={<Loading />}>
            <CelEditor label={t('only_if.text')} help={help} value={d.filter} onChange={(filter) => set({ filter })} most={4096} fields={fields} fault={placeOf(fault)} />
          </Suspense>
        </div>
        <FilterFault fault={fault} />
        <div>
          <Button
            variant="default"
            disabled={d.filter !== '' && !parse(d.filter)}
            onClick={() => {
              setCondition(parse(d.filter) ?? { join: 'all', lines: [] });
              setByHand(false);
            }}
          >
            {t('only_if.builder')}
          </Button>
        </div>
        {d.filter !== '' && !parse(d.filter) && <p className="dim small">{t('only_if.by_hand')}</p>}
      </div>
    );
  }
  return (
    <div className="stack">
      {condition.lines.length === 0 && <p className="dim">{none ?? t('only_if.none')}</p>}
      {condition.lines.length > 1 && <Joined label={t('only_if.join')} value={condition.join} onChange={(join) => change({ ...condition, join })} />}
      {condition.lines.map((piece, i) => {
        const own = {
          fields,
          onChange: (next: Piece) => change({ ...condition, lines: condition.lines.map((l, k) => (k === i ? next : l)) }),
          onRemove: () => change({ ...condition, lines: condition.lines.filter((_, k) => k !== i) }),
        };
        return piece.op === 'group' ? <GroupEditor key={i} group={piece} {...own} /> : <LineEditor key={i} line={piece} {...own} />;
      })}
      <FilterFault fault={fault} />
      <Limits draft={d} conditions />
      {!condition.lines.every(finished) && <Note tone="warn">{t('only_if.unfinished')}</Note>}
      <div className="row">
        <Button variant="default" onClick={() => change({ ...condition, lines: [...condition.lines, fresh(fields[0])] })}>
          {t('only_if.add')}
        </Button>
        {condition.lines.length > 0 && (
          <Button
            variant="default"
            onClick={() => change({ ...condition, lines: [...condition.lines, { op: 'group', join: condition.join === 'all' ? 'any' : 'all', lines: [fresh(fields[0]), fresh(fields[0])] }] })}
          >
            {t('only_if.add_group')}
          </Button>
        )}
        <Button
          variant="default"
          onClick={() => {
            setByHand(true);
            set({ unfinished: false });
          }}
        >
          {t('only_if.write')}
        </Button>
      </div>
      {d.filter && (
        <details className="small">
          <summary>{t('only_if.as_text')}</summary>
          <code dir="ltr">{d.filter}</code>
        </details>
      )}
    </div>
  );
}

type Piece = Line | Group;

// Joined asks whether all of some lines have to hold, or any of them.
function Joined({ label, value, onChange }: { label: string; value: Join; onChange: (join: Join) => void }) {
  const { t } = useWords();
  return (
    <NativeSelect
      label={label}
      value={value}
      onChange={(e) => onChange(e.currentTarget.value as Join)}
      data={[
        { value: 'all', label: t('only_if.all') },
        { value: 'any', label: t('only_if.any') },
      ]}
    />
  );
}

function GroupEditor({ group: g, fields, onChange, onRemove }: { group: Group; fields: Field[]; onChange: (g: Piece) => void; onRemove: () => void }) {
  const { t } = useWords();
  const lines = (next: Line[]) => onChange({ ...g, lines: next });
  return (
    <fieldset className="card stack group">
      <legend className="hidden">{t('only_if.group')}</legend>
      <Joined label={t('only_if.join.group')} value={g.join} onChange={(join) => onChange({ ...g, join })} />
      {g.lines.map((line, i) => (
        <LineEditor
          key={i}
          line={line}
          fields={fields}
          onChange={(next) => lines(g.lines.map((l, k) => (k === i ? next : l)))}
          onRemove={() => (g.lines.length > 1 ? lines(g.lines.filter((_, k) => k !== i)) : onRemove())}
        />
      ))}
      <div className="row">
        <Button variant="default" onClick={() => lines([...g.lines, fresh(fields[0])])}>
          {t('only_if.add.group')}
        </Button>
        <Button variant="default" onClick={onRemove}>
          {t('only_if.remove_group')}
        </Button>
      </div>
    </fieldset>
  );
}

function FilterFault({ fault }: { fault: Fault | undefined }) {
  return (
    <div aria-live="polite">
      {fault && (
        <Note tone="bad">
          <Faults faults={[fault]} rules={[]} />
        </Note>
      )}
    </div>
  );
}

const who = '@who';
const when = '@when';

const fresh = (field: Field | undefined): Line => (field ? make(opsFor(field)[0] ?? 'changes', field.path) : { op: 'weekdays', zone: zone() });

const zone = () => Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC';
const today = () => new Date().toISOString().slice(0, 10);

// make begins a line of an operator.
function make(op: Op, path: string): Line {
  switch (op) {
    case 'is':
    case 'is_not':
    case 'contains':
    case 'becomes':
    case 'has':
      return { op, path, value: '' };
    case 'one_of':
      return { op, path, values: [] };
    case 'equals':
    case 'more':
    case 'at_least':
    case 'less':
    case 'at_most':
      return { op, path, number: 0 };
    case 'grows_by':
      return { op, path, number: 20 };
    case 'between':
      return { op, path, from: 0, to: 100 };
    case 'before':
    case 'after':
      return { op, path, day: today() };
    case 'from_to':
      return { op, path, from: '', to: '' };
    case 'has_named':
    case 'has_named_not':
    case 'has_named_contains':
      return { op, path, name: '', value: '' };
    case 'has_named_more':
    case 'has_named_at_least':
    case 'has_named_less':
    case 'has_named_at_most':
      return { op, path, name: '', number: 0 };
    case 'has_name':
      return { op, path, name: '' };
    case 'by':
    case 'not_by':
      return { op, user: '' };
    case 'weekdays':
      return { op, zone: zone() };
    case 'hours':
      return { op, zone: zone(), from: 9, to: 17 };
    default:
      return { op, path };
  }
}

// kept is a new line with the name that the one before asked for.
const kept = (next: Line, before: Line): Line => ('name' in next && 'name' in before ? { ...next, name: before.name } : next);

// finished says that a line asks for something, and each line of a group does.
function finished(l: Piece): boolean {
  if (l.op === 'group') return l.lines.every(finished);
  if ('value' in l && l.value === '') return false;
  if ('values' in l && l.values.length === 0) return false;
  if ('user' in l && l.user === '') return false;
  if ('name' in l && l.name === '') return false;
  if ('to' in l && typeof l.to === 'string') return l.to !== '';
  return parse(`(${cel(l)})`) !== undefined;
}

function LineEditor({ line: l, fields, onChange, onRemove }: { line: Line; fields: Field[]; onChange: (l: Line) => void; onRemove: () => void }) {
  const { t } = useWords();
  const me = useSession().data?.user_id ?? '';
  const path = 'path' in l ? l.path : l.op === 'by' || l.op === 'not_by' ? who : when;
  const field = fields.find((f) => f.path === path);
  const ops: Op[] = path === who ? ['not_by', 'by'] : path === when ? ['weekdays', 'hours'] : field ? opsFor(field) : [l.op];
  const choose = (next: string) => {
    if (next === who) return onChange({ op: 'not_by', user: me });
    if (next === when) return onChange(make('weekdays', ''));
    return onChange(fresh(fields.find((f) => f.path === next)));
  };
  const label = (f: Field) => (f.example ? t('only_if.field', { field: f.path, example: f.example.slice(0, 30) }) : f.path);
  return (
    <fieldset className="card">
      <legend className="hidden">{t('only_if.line')}</legend>
      <div className="line">
        <NativeSelect
          label={t('field')}
          value={path}
          onChange={(e) => choose(e.currentTarget.value)}
          data={[
            ...fields.map((f) => ({ value: f.path, label: label(f) })),
            ...(field || path.startsWith('@') ? [] : [{ value: path, label: path }]),
            { value: who, label: t('only_if.who') },
            { value: when, label: t('only_if.when') },
          ]}
        />
        <NativeSelect label={t('only_if.op')} value={l.op} onChange={(e) => onChange(kept(make(e.currentTarget.value as Op, path), l))} data={ops.map((value) => ({ value, label: t(`op.${value}`) }))} />
        <Values line={l} onChange={onChange} example={field?.example} />
        <Button className="fit" variant="default" onClick={onRemove}>
          {t('remove')}
        </Button>
      </div>
    </fieldset>
  );
}

function Values({ line: l, onChange, example }: { line: Line; onChange: (l: Line) => void; example: string | undefined }) {
  const { t } = useWords();
  const text = (label: string, value: string, set: (v: string) => Line, sample = example) => (
    <TextInput label={label} value={value} placeholder={sample?.slice(0, 40)} onChange={(e) => onChange(set(e.currentTarget.value))} autoComplete="off" />
  );
  const number = (label: string, value: number, set: (v: number) => Line) => <NumberInput label={label} value={value} hideControls onChange={(v) => onChange(set(Number(v)))} />;
  switch (l.op) {
    case 'is':
    case 'is_not':
    case 'contains':
    case 'becomes':
    case 'has':
      return text(t('value'), l.value, (value) => ({ ...l, value }));
    case 'one_of':
      return text(t('value.list'), l.values.join(', '), (v) => ({
        ...l,
        values: v
          .split(',')
          .map((x) => x.trim())
          .filter(Boolean),
      }));
    case 'equals':
    case 'more':
    case 'at_least':
    case 'less':
    case 'at_most':
      return number(t('value'), l.number, (n) => ({ ...l, number: n }));
    case 'grows_by':
      return number(t('value.percent'), l.number, (n) => ({ ...l, number: n }));
    case 'between':
    case 'hours':
      return (
        <>
          {number(t('value.from'), l.from, (from) => ({ ...l, from }))}
          {number(t('value.to'), l.to, (to) => ({ ...l, to }))}
        </>
      );
    case 'before':
    case 'after':
      return <TextInput type="date" label={t('value.day')} value={l.day} onChange={(e) => onChange({ ...l, day: e.currentTarget.value })} />;
    case 'from_to':
      return (
        <>
          {text(t('value.from'), l.from, (from) => ({ ...l, from }))}
          {text(t('value.to'), l.to, (to) => ({ ...l, to }))}
        </>
      );
    case 'has_name':
      return text(t('value.name'), l.name, (name) => ({ ...l, name }));
    case 'has_named':
    case 'has_named_not':
    case 'has_named_contains':
      return (
        <>
          {text(t('value.name'), l.name, (name) => ({ ...l, name }))}
          {text(t('value'), l.value, (value) => ({ ...l, value }), '')}
        </>
      );
    case 'has_named_more':
    case 'has_named_at_least':
    case 'has_named_less':
    case 'has_named_at_most':
      return (
        <>
          {text(t('value.name'), l.name, (name) => ({ ...l, name }))}
          {number(t('value'), l.number, (n) => ({ ...l, number: n }))}
        </>
      );
    case 'by':
    case 'not_by':
      return text(t('value.user'), l.user, (user) => ({ ...l, user }));
    default:
      return null;
  }
}
