import { Button, Checkbox, NativeSelect, NumberInput, TextInput } from '@mantine/core';
import { useState } from 'react';
import { type EventType } from '../../api/hooks';
import { useWords } from '../../i18n';
import { combinationOf, complete, fewestParts, mostParts, operational, publishable, type Draft, type Together } from '../../rules/draft';
import { useShared } from '../../ui/fields';
import { RuleWords } from '../../ui/listens';
import { useTypes } from '../../ui/names';
import { Answered, Note } from '../../ui/parts';
import { Radios } from '../../ui/radios';
import { StatesTable } from '../../ui/states';
import { Limits } from './limits';

export type Set = (change: Partial<Draft>) => void;

// What asks which events are meant. Nothing is chosen beforehand.
export function What({ draft: d, set }: { draft: Draft; set: Set }) {
  const { t } = useWords();
  const { types } = useTypes();
  // What is on its way out is kept by a webhook that has it.
  const [had] = useState(d.types);
  return (
    <div className="stack">
      <Radios
        label={t('what')}
        value={d.what}
        onChange={(what) => set({ what })}
        options={(['some', 'everything', 'together'] as const).map((value) => ({ value, label: t(`what.${value}`), text: t(`what.${value}.text`) }))}
      />
      {d.what === 'everything' && <Note tone="warn">{t('what.everything.warning')}</Note>}
      <Answered query={types}>
        {(all) => (
          <>
            {d.what === 'some' && <Types types={[...publishable(all), ...all.filter((x) => x.archived_at && had.includes(x.name))]} chosen={d.types} onChange={(chosen) => set({ types: chosen })} />}
            {d.what === 'some' && <Limits draft={{ ...d, where: 'everywhere', grid: null, filter: '' }} />}
            {d.what === 'together' && <Parts types={publishable(all)} together={d.together} onChange={(together) => set({ together })} />}
            <details open={d.own.length > 0}>
              <summary>{t('what.own')}</summary>
              <p className="dim small">{t('what.own.text')}</p>
              <Ticks types={all.filter((x) => operational(x.name))} chosen={d.own} onChange={(own) => set({ own })} />
            </details>
          </>
        )}
      </Answered>
    </div>
  );
}

interface Choosing {
  types: EventType[];
  chosen: string[];
  onChange: (chosen: string[]) => void;
}

function Types({ types, chosen, onChange }: Choosing) {
  const { t } = useWords();
  const { title, group, about } = useTypes();
  const [words, setWords] = useState('');
  const sought = words.trim().toLowerCase();
  const text = (x: EventType) => `${x.name} ${title(x.name)} ${about(x)}`.toLowerCase();
  const found = types.filter((x) => !sought || text(x).includes(sought));
  return (
    <div className="stack">
      <TextInput label={t('types.search')} type="search" value={words} onChange={(e) => setWords(e.currentTarget.value)} autoComplete="off" />
      <p className="dim small" role="status">
        {t('what.chosen', { n: chosen.length })}
      </p>
      {found.length === 0 && <p>{t('nothing_fits')}</p>}
      {[...new Set(found.map((x) => x.group))].map((g) => {
        const own = found.filter((x) => x.group === g);
        const ticked = own.filter((x) => chosen.includes(x.name)).length;
        return (
          <fieldset key={g} className="card">
            <legend className="hidden">{group(g)}</legend>
            <div className="group-head">
              <Checkbox
                label={<strong>{group(g)}</strong>}
                checked={ticked === own.length}
                indeterminate={ticked > 0 && ticked < own.length}
                onChange={() => {
                  const names = own.map((x) => x.name);
                  onChange(ticked === own.length ? chosen.filter((c) => !names.includes(c)) : [...new Set([...chosen, ...names])]);
                }}
              />
              <span className="dim small">{t('what.group', { n: ticked, all: own.length })}</span>
            </div>
            <Ticks types={own} chosen={chosen} onChange={onChange} />
          </fieldset>
        );
      })}
    </div>
  );
}

// Ticks are kinds of event to choose from, each with an example to look at.
function Ticks({ types, chosen, onChange }: Choosing) {
  const { t } = useWords();
  const { title, about } = useTypes();
  const [open, setOpen] = useState<string>();
  return (
    <div className="ticks">
      {types.map((x) => {
        return (
          <div key={x.name} className="tick">
            <input
              type="checkbox"
              id={`type-${x.name}`}
              checked={chosen.includes(x.name)}
              onChange={(e) => onChange(e.currentTarget.checked ? [...chosen, x.name] : chosen.filter((c) => c !== x.name))}
            />
            <div className="tick-text">
              <label htmlFor={`type-${x.name}`}>
                <span>
                  {title(x.name)}
                  {x.archived_at && (
                    <>
                      {' '}
                      <span className="mark">{t('types.archived')}</span>
                    </>
                  )}
                </span>
                {about(x) && <span className="dim small">{about(x)}</span>}
              </label>
              {(x.example.current || x.example.previous) && (
                <button type="button" className="link small" aria-expanded={open === x.name} onClick={() => setOpen(open === x.name ? undefined : x.name)}>
                  {t('example')}
                  <span className="hidden"> {title(x.name)}</span>
                </button>
              )}
              {open === x.name && <StatesTable previous={x.example.previous} current={x.example.current} title={title(x.name)} />}
            </div>
          </div>
        );
      })}
    </div>
  );
}

const sames = ['current.id', 'project_id', 'actor_id'] as const;
const known = (same: string) => sames.some((s) => s === same);

function Parts({ types, together: c, onChange }: { types: EventType[]; together: Together; onChange: (c: Together) => void }) {
  const { t } = useWords();
  const { title } = useTypes();
  const set = (change: Partial<Together>) => onChange({ ...c, ...change });
  const shared = useShared([...c.parts, c.unless]).map((path) => `current.${path}`).filter((path) => !known(path));
  const options = [{ value: '', label: t('choose') }, ...types.map((x) => ({ value: x.name, label: title(x.name) }))];
  return (
    <div className="card stack">
      {complete(c) && (
        <div role="status">
          <RuleWords rule={combinationOf(c)} />
        </div>
      )}
      {c.parts.map((part, i) => (
        <div key={i} className="line">
          <NativeSelect
            label={t('together.part', { n: i + 1 })}
            value={part}
            data={options}
            onChange={(e) => set({ parts: c.parts.map((p, k) => (k === i ? e.currentTarget.value : p)) })}
          />
          {c.parts.length > fewestParts && (
            <Button className="fit" variant="default" onClick={() => set({ parts: c.parts.filter((_, k) => k !== i) })}>
              {t('remove')}
              <span className="hidden"> {i + 1}</span>
            </Button>
          )}
        </div>
      ))}
      {c.parts.length < mostParts && (
        <div>
          <Button variant="default" onClick={() => set({ parts: [...c.parts, ''] })}>
            {t('together.add')}
          </Button>
        </div>
      )}
      <div className="line">
        <NumberInput label={t('together.within')} value={c.within} min={1} allowDecimal={false} hideControls onChange={(v) => set({ within: Number(v) })} />
        <NativeSelect
          label={t('together.unit')}
          value={c.unit}
          onChange={(e) => set({ unit: e.currentTarget.value as Together['unit'] })}
          data={(['s', 'm', 'h', 'd'] as const).map((value) => ({ value, label: t(`unit.${value}`) }))}
        />
        <NativeSelect
          label={t('together.same')}
          value={c.same}
          onChange={(e) => set({ same: e.currentTarget.value })}
          data={[
            ...sames.map((value) => ({ value: value as string, label: t(`same.${value}`) })),
            ...[...new Set([...shared, ...(known(c.same) ? [] : [c.same])])].map((value) => ({ value, label: t('same.field', { field: value.replace(/^current\./, '') }) })),
          ]}
        />
      </div>
      <NativeSelect label={t('together.unless')} value={c.unless} onChange={(e) => set({ unless: e.currentTarget.value })} data={[{ value: '', label: t('together.nothing') }, ...options.slice(1)]} />
      <Checkbox label={t('together.order')} checked={c.inOrder} onChange={(e) => set({ inOrder: e.currentTarget.checked })} />
    </div>
  );
}
