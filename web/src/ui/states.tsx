import { useWords } from '../i18n';
import { changesOf } from '../rules/diff';
import { Code, pretty } from './parts';

type State = Record<string, unknown> | null | undefined;

export const shown = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value, null, 1));

// StatesTable shows what an event holds to people who read no JSON; as JSON it is folded.
export function StatesTable({ previous, current, title }: { previous?: State; current?: State; title: string }) {
  const { t } = useWords();
  const [before, after] = [previous ?? null, current ?? null];
  const both = before !== null && after !== null;
  return (
    <div className="stack tight">
      <div style={{ overflowX: 'auto' }} tabIndex={0} role="group" aria-label={`${t('example')}: ${title}`}>
        <table className="diff small">
          <thead>
            <tr>
              <th scope="col">{t('field')}</th>
              {before && <th scope="col">{t(both ? 'before' : 'value')}</th>}
              {after && <th scope="col">{t(both ? 'after' : 'value')}</th>}
            </tr>
          </thead>
          <tbody>
            {changesOf(before, after).map((c) => (
              <tr key={c.key}>
                <th scope="row">{c.key}</th>
                {before && <td>{c.kind === 'added' ? '–' : <code dir="auto">{shown(c.before)}</code>}</td>}
                {after && <td>{c.kind === 'removed' ? '–' : <code dir="auto">{shown(c.after)}</code>}</td>}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <details className="small">
        <summary>{t('raw')}</summary>
        <Code label={`${t('raw')}: ${title}`} text={pretty({ previous: before, current: after })} />
      </details>
    </div>
  );
}

interface Property {
  path: string;
  type: string;
  needed: boolean;
  about: string;
}

// propertiesOf lists the fields of a JSON Schema, those of objects in it as well.
function propertiesOf(schema: Record<string, unknown>, prefix = '', depth = 0): Property[] {
  const properties = schema['properties'];
  if (!properties || typeof properties !== 'object' || depth > 3) return [];
  const required = Array.isArray(schema['required']) ? (schema['required'] as unknown[]) : [];
  return Object.entries(properties as Record<string, unknown>).flatMap(([name, value]) => {
    const of = value && typeof value === 'object' ? (value as Record<string, unknown>) : {};
    const path = prefix + name;
    const type = [of['type']].flat().filter((x) => typeof x === 'string').join(', ');
    return [{ path, type, needed: required.includes(name), about: typeof of['description'] === 'string' ? of['description'] : '' }, ...propertiesOf(of, `${path}.`, depth + 1)];
  });
}

// SchemaTable lists the fields that events of a type have; as JSON it is folded.
export function SchemaTable({ schema }: { schema: Record<string, unknown> }) {
  const { t } = useWords();
  const rows = propertiesOf(schema);
  const json = <Code label={t('schema')} text={pretty(schema)} />;
  if (rows.length === 0) return json;
  return (
    <div className="stack tight">
      <div style={{ overflowX: 'auto' }} tabIndex={0} role="group" aria-label={t('schema')}>
        <table className="diff small">
          <thead>
            <tr>
              <th scope="col">{t('field')}</th>
              <th scope="col">{t('schema.kind')}</th>
              <th scope="col">{t('schema.needed')}</th>
              <th scope="col">{t('schema.about')}</th>
            </tr>
          </thead>
          <tbody>
            {rows.map((p) => (
              <tr key={p.path}>
                <th scope="row">{p.path}</th>
                <td>
                  <code>{p.type || '–'}</code>
                </td>
                <td>{t(p.needed ? 'yes' : 'no')}</td>
                <td>{p.about || '–'}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <details className="small">
        <summary>{t('schema.json')}</summary>
        {json}
      </details>
    </div>
  );
}
