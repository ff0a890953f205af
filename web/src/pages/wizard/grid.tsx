import { useMediaQuery } from '@mantine/hooks';
import { useRef, useState, type KeyboardEvent } from 'react';
import { useWords } from '../../i18n';
import type { Draft, Place } from '../../rules/draft';
import { useNames, useTypes } from '../../ui/names';
import type { Set } from './what';

// widest is how many kinds of event fit beside one another.
const widest = 12;

// Grid ticks events for each project. The keyboard has one stop in it: arrows
// move, space ticks, Ctrl+A ticks a whole row.
export function Grid({ draft: d, set }: { draft: Draft; set: Set }) {
  const { t } = useWords();
  const { title } = useTypes();
  const names = useNames();
  const [at, setAt] = useState({ row: 0, column: 0 });
  const table = useRef<HTMLTableElement>(null);
  const narrow = useMediaQuery('(max-width: 40em)') ?? false;
  const tall = narrow || d.types.length > widest;
  const grid = d.grid ?? {};
  const name = (place: Place) => {
    const id = place.slice(2);
    if (place.startsWith('c:')) return t('where.company', { name: names.company(id) });
    return names.project(id);
  };
  const ticked = (place: Place, type: string) => grid[place]?.includes(type) ?? false;
  const tick = (places: Place[], types: string[], on: boolean) => {
    const next = { ...grid };
    for (const place of places) next[place] = on ? d.types.filter((x) => types.includes(x) || ticked(place, x)) : (grid[place] ?? []).filter((x) => !types.includes(x));
    set({ grid: next });
  };
  const move = (e: KeyboardEvent) => {
    const step = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[e.key];
    if (step) {
      const [row = 0, column = 0] = [at.row + (step[0] ?? 0), at.column + (step[1] ?? 0)];
      if (row < 0 || column < 0 || row >= d.places.length || column >= d.types.length) return;
      e.preventDefault();
      setAt({ row, column });
      table.current?.querySelector<HTMLInputElement>(`[data-at="${row}:${column}"]`)?.focus();
    } else if (e.key === 'a' && (e.ctrlKey || e.metaKey)) {
      e.preventDefault();
      const place = d.places[at.row];
      if (place) tick([place], d.types, true);
    }
  };
  const some = d.places.some((p) => (grid[p]?.length ?? 0) === 0);
  return (
    <div className="stack tight">
      <div className="frame">
        <table className={tall ? 'grid tall' : 'grid'} ref={table} onKeyDown={move}>
          <caption className="hidden">{t('grid')}</caption>
          <thead>
            <tr>
              <td />
              {d.types.map((type) => (
                <th key={type} scope="col">
                  <button type="button" className="link" tabIndex={-1} title={t('grid.column')} onClick={() => tick(d.places, [type], !d.places.every((p) => ticked(p, type)))}>
                    {title(type)}
                  </button>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {d.places.map((place, row) => (
              <tr key={place}>
                <th scope="row">
                  <button type="button" className="link" tabIndex={-1} title={t('grid.row')} onClick={() => tick([place], d.types, !d.types.every((x) => ticked(place, x)))}>
                    {name(place)}
                  </button>
                </th>
                {d.types.map((type, column) => (
                  <td key={type}>
                    <label>
                      <input
                        type="checkbox"
                        data-at={`${row}:${column}`}
                        aria-label={`${name(place)}: ${title(type)}`}
                        tabIndex={at.row === row && at.column === column ? 0 : -1}
                        checked={ticked(place, type)}
                        onFocus={() => setAt({ row, column })}
                        onChange={(e) => tick([place], [type], e.currentTarget.checked)}
                      />
                      {tall && <span>{title(type)}</span>}
                    </label>
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <p className="dim small">{some ? t('grid.empty_row') : t('grid.keys')}</p>
    </div>
  );
}
