import { useMediaQuery } from '@mantine/hooks';
import { useRef, useState, type InputHTMLAttributes, type KeyboardEvent } from 'react';
import { useWords } from '../../i18n';
import type { Draft, Place } from '../../rules/draft';
import { useNames, useTypes } from '../../ui/names';
import type { Set } from './what';

// widest is how many kinds of event fit beside one another.
const widest = 12;

// Grid ticks events for each project. The keyboard has one stop in it: arrows
// move, space ticks, Ctrl+A ticks a whole row. The boxes of headings tick a row or a
// column, and are in between where some of it is ticked. They have the place -1.
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
      e.preventDefault();
      const [row = 0, column = 0] = [at.row + (step[0] ?? 0), at.column + (step[1] ?? 0)];
      const box = table.current?.querySelector<HTMLInputElement>(`[data-at="${row}:${column}"]`);
      if (box?.offsetParent) box.focus(); // the headings of columns are not everywhere
    } else if (e.key === 'a' && (e.ctrlKey || e.metaKey)) {
      e.preventDefault();
      const place = d.places[at.row];
      if (place) tick([place], d.types, true);
    }
  };
  // box is what all boxes of the grid share.
  const box = (row: number, column: number): InputHTMLAttributes<HTMLInputElement> & Record<'data-at', string> => ({
    'data-at': `${row}:${column}`,
    tabIndex: at.row === row && at.column === column ? 0 : -1,
    onFocus: () => setAt({ row, column }),
  });
  const count = (places: Place[], types: string[]) => places.reduce((n, p) => n + types.filter((x) => ticked(p, x)).length, 0);
  const some = d.places.some((p) => (grid[p]?.length ?? 0) === 0);
  return (
    <div className="stack tight">
      <div className="frame">
        <table role="grid" aria-label={t('grid')} className={tall ? 'grid tall' : 'grid'} ref={table} onKeyDown={move}>
          <thead>
            <tr>
              <td />
              {d.types.map((type, column) => (
                <th key={type} scope="col">
                  <label title={t('grid.column')}>
                    <Several {...box(-1, column)} aria-label={`${title(type)}: ${t('grid.column')}`} ticked={count(d.places, [type])} of={d.places.length} onTick={(on) => tick(d.places, [type], on)} />
                    <span>{title(type)}</span>
                  </label>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {d.places.map((place, row) => (
              <tr key={place}>
                <th scope="row">
                  <label title={t('grid.row')}>
                    <Several {...box(row, -1)} aria-label={`${name(place)}: ${t('grid.row')}`} ticked={count([place], d.types)} of={d.types.length} onTick={(on) => tick([place], d.types, on)} />
                    <span dir="auto">{name(place)}</span>
                  </label>
                </th>
                {d.types.map((type, column) => (
                  <td key={type}>
                    <label>
                      <input
                        type="checkbox"
                        {...box(row, column)}
                        aria-label={`${name(place)}: ${title(type)}`}
                        checked={ticked(place, type)}
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

// Several is a box for several others: in between, where some of them are ticked.
function Several({ ticked, of, onTick, ...rest }: { ticked: number; of: number; onTick: (on: boolean) => void } & InputHTMLAttributes<HTMLInputElement>) {
  const mixed = ticked > 0 && ticked < of;
  return (
    <input
      type="checkbox"
      {...rest}
      checked={ticked === of && of > 0}
      ref={(input) => {
        if (input) input.indeterminate = mixed;
      }}
      onChange={() => onTick(ticked < of)}
    />
  );
}
