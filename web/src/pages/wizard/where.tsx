import { Checkbox, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useProjects, type Project } from '../../api/hooks';
import { useWords } from '../../i18n';
import { type Draft, type Place } from '../../rules/draft';
import { useNames } from '../../ui/names';
import { Answered, Guide, Note } from '../../ui/parts';
import { Radios } from '../../ui/radios';
import { Grid } from './grid';
import { Limits } from './limits';
import type { Set } from './what';

// Where asks which projects are meant. Nothing is chosen beforehand, and an empty
// choice never becomes all.
export function Where({ draft: d, set }: { draft: Draft; set: Set }) {
  const { t } = useWords();
  const projects = useProjects();
  if (d.what === null) return <p>{t('where.not_needed')}</p>;
  return (
    <div className="stack">
      <Radios
        label={t('where')}
        value={d.where}
        onChange={(where) => set({ where })}
        options={(['some', 'everywhere'] as const).map((value) => ({ value, label: t(`where.${value}`), text: t(`where.${value}.text`) }))}
      />
      {d.where === 'everywhere' && d.what === 'everything' && <Note tone="warn">{t('where.everything.warning')}</Note>}
      {d.where === 'some' && (
        <Answered query={projects}>
          {(all) => (all.length === 0 ? <NoProject /> : <Places projects={all} draft={d} set={set} />)}
        </Answered>
      )}
    </div>
  );
}

function Places({ projects, draft: d, set }: { projects: Project[]; draft: Draft; set: Set }) {
  const { t } = useWords();
  const names = useNames();
  const [words, setWords] = useState('');
  const companies = [...new Set(projects.map((p) => p.company_id))];
  const fits = (p: Project) => `${p.name} ${p.id} ${names.company(p.company_id)}`.toLowerCase().includes(words.trim().toLowerCase());
  const toggle = (place: Place, on: boolean) => {
    const places = on ? [...d.places, place] : d.places.filter((p) => p !== place);
    const grid = d.grid && { ...d.grid };
    if (grid && on) grid[place] = d.types;
    set({ places, grid });
  };
  const canDiffer = d.what === 'some' && d.places.length > 0 && d.types.length > 1;
  return (
    <div className="stack">
      {projects.length > 8 && <TextInput label={t('where.search')} type="search" value={words} onChange={(e) => setWords(e.currentTarget.value)} autoComplete="off" />}
      {companies.map((company) => {
        const own = projects.filter((p) => p.company_id === company && fits(p));
        if (own.length === 0) return null;
        const whole = d.places.includes(`c:${company}`);
        return (
          <fieldset key={company} className="card">
            <legend className="hidden">{names.company(company)}</legend>
            <div className="group-head">
              <Checkbox label={<strong>{t('where.company', { name: names.company(company) })}</strong>} checked={whole} onChange={(e) => toggle(`c:${company}`, e.currentTarget.checked)} />
            </div>
            <div className="ticks">
              {own.map((p) => (
                <div key={p.id} className="tick">
                  <input
                    type="checkbox"
                    id={`project-${p.id}`}
                    checked={whole || d.places.includes(`p:${p.id}`)}
                    disabled={whole}
                    onChange={(e) => toggle(`p:${p.id}`, e.currentTarget.checked)}
                  />
                  <label htmlFor={`project-${p.id}`} dir="auto">
                    {p.name}
                  </label>
                </div>
              ))}
            </div>
          </fieldset>
        );
      })}
      {canDiffer && (
        <Checkbox
          label={t('where.differ')}
          checked={d.grid !== null}
          onChange={(e) => set({ grid: e.currentTarget.checked ? Object.fromEntries(d.places.map((p) => [p, d.types])) : null })}
        />
      )}
      {canDiffer && d.grid && <Grid draft={d} set={set} />}
      <Limits draft={d} />
    </div>
  );
}

function NoProject() {
  const { t } = useWords();
  return (
    <Note tone="warn">
      <p>{t('where.none')}</p>
      <Guide to="concepts#who-sees-what" />
    </Note>
  );
}
