import { NativeSelect } from '@mantine/core';
import { useRef, type ReactNode } from 'react';
import type { usePages } from '../api/hooks';
import { useWords } from '../i18n';
import { Answered, Pager } from './parts';

// Listed shows the rows of a list and the way to the pages before and after, or none
// where there are no rows. New rows are announced, and shown when the reader wants.
export function Listed<Row extends { id: string }>({ pages, none, children }: { pages: ReturnType<typeof usePages<Row>>; none: ReactNode; children: (rows: Row[]) => ReactNode }) {
  const { t } = useWords();
  const top = useRef<HTMLDivElement>(null);
  const take = () => {
    pages.take();
    top.current?.focus(); // the button has gone
  };
  return (
    <Answered query={pages.query}>
      {() =>
        pages.rows.length === 0 ? (
          none
        ) : (
          <>
            <div ref={top} tabIndex={-1} role="status" className="fresh" data-testid="fresh">
              {pages.fresh > 0 && (
                <button type="button" onClick={take}>
                  {t(pages.many ? 'fresh.many' : 'fresh', { n: pages.fresh })}
                </button>
              )}
            </div>
            {children(pages.rows)}
            <Pager older={pages.older} newer={pages.newer} />
          </>
        )
      }
    </Answered>
  );
}

// Table has a heading for each column; children are its rows.
// With picks the first one has a box in each row.
export function Table({ columns, picks, children }: { columns: string[]; picks?: boolean; children: ReactNode }) {
  return (
    <div className="frame">
      <table className="table">
        <thead>
          <tr>
            {columns.map((name, i) => (
              <th key={name} scope="col">
                {picks && i === 0 ? <span className="hidden">{name}</span> : name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </div>
  );
}

// Chips narrow a list by some values; none of them means all.
export function Chips<T extends string>({ label, chosen, options, onChange }: { label: string; chosen: T[]; options: { value: T; label: string }[]; onChange: (chosen: T[]) => void }) {
  return (
    <div className="chips" role="group" aria-label={label}>
      {options.map(({ value, label: name }) => (
        <button key={value} type="button" aria-pressed={chosen.includes(value)} onClick={() => onChange(chosen.includes(value) ? chosen.filter((c) => c !== value) : [...chosen, value])}>
          {name}
        </button>
      ))}
    </div>
  );
}

// Choice narrows a list by one value, or by none.
export function Choice({
  label,
  value,
  options,
  onChange,
}: {
  label: string;
  value?: string | undefined;
  options: { value: string; label: string }[];
  onChange: (value?: string) => void;
}) {
  const { t } = useWords();
  return <NativeSelect label={label} value={value ?? ''} onChange={(e) => onChange(e.currentTarget.value || undefined)} data={[{ value: '', label: t('any') }, ...options]} />;
}
