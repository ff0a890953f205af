import { useId } from 'react';
import { useWords } from '../i18n';

export interface Bar {
  at: string;
  good: number;
  bad: number;
}

// Bars shows delivered and failed attempts over time. Whoever can't see it reads
// its name, or the table below.
export function Bars({ bars, by }: { bars: Bar[]; by: 'hour' | 'day' }) {
  const { t, format } = useWords();
  const id = useId();
  const most = Math.max(1, ...bars.map((b) => b.good + b.bad));
  const [width, height] = [600, 120];
  const step = width / Math.max(1, bars.length);
  const label = (at: string) => (by === 'day' ? format.day(at) : `${format.day(at)}, ${format.time(at)}`);
  const used = bars.filter((b) => b.good + b.bad > 0);
  const [good, bad] = [bars.reduce((n, b) => n + b.good, 0), bars.reduce((n, b) => n + b.bad, 0)];
  return (
    <figure style={{ margin: 0 }}>
      <svg className="chart" viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none" role="img" aria-labelledby={id}>
        <title id={id}>{t('chart.attempts', { good, bad })}</title>
        <rect x={0} y={height - 1} width={width} height={1} className="fill-line" />
        {bars.map((b, i) => {
          const tall = (n: number) => (n === 0 ? 0 : Math.max(2, (n / most) * (height - 6)));
          const [g, f] = [tall(b.good), tall(b.bad)];
          const at = i * step + step * 0.12;
          return (
            <g key={b.at}>
              <rect x={at} y={height - g} width={step * 0.76} height={g} className="fill-good" />
              <rect x={at} y={height - g - f} width={step * 0.76} height={f} className="fill-bad" />
            </g>
          );
        })}
      </svg>
      <div className="row between small dim">
        <span>{bars[0] && label(bars[0].at)}</span>
        <span>{t('chart.most', { n: most })}</span>
        <span>{bars.at(-1) && label(bars.at(-1)?.at ?? '')}</span>
      </div>
      <Legend
        parts={[
          { tone: 'good', name: t('chart.good'), count: good },
          { tone: 'bad', name: t('chart.bad'), count: bad },
        ]}
      />
      {used.length > 0 && (
        <details className="small">
          <summary>{t('chart.table')}</summary>
          <table className="table">
            <thead>
              <tr>
                <th scope="col">{t('time')}</th>
                <th scope="col">{t('chart.good')}</th>
                <th scope="col">{t('chart.bad')}</th>
              </tr>
            </thead>
            <tbody>
              {used.map((b) => (
                <tr key={b.at}>
                  <td>{by === 'day' ? format.day(b.at) : format.full(b.at)}</td>
                  <td data-label={t('chart.good')}>{format.number(b.good)}</td>
                  <td data-label={t('chart.bad')}>{format.number(b.bad)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </details>
      )}
    </figure>
  );
}

// Sparkline shows the last hours of a row, too small for a table: its name says it all.
export function Sparkline({ bars, name }: { bars: Bar[]; name: string }) {
  const [step, height] = [4, 24];
  const width = bars.length * step;
  const most = Math.max(1, ...bars.map((b) => b.good + b.bad));
  const tall = (n: number) => (n === 0 ? 0 : Math.max(2, (n / most) * (height - 2)));
  return (
    <svg className="spark" viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none" role="img" aria-label={name}>
      <rect y={height - 1} width={width} height={1} className="fill-line" />
      {bars.map((b, i) => {
        const [good, bad] = [tall(b.good), tall(b.bad)];
        return (
          <g key={b.at}>
            <rect x={i * step} y={height - good} width={step - 1} height={good} className="fill-good" />
            <rect x={i * step} y={height - good - bad} width={step - 1} height={bad} className="fill-bad" />
          </g>
        );
      })}
    </svg>
  );
}

export interface Part {
  tone: 'good' | 'bad' | 'warn' | 'accent' | 'quiet' | 'line';
  name: string;
  count: number;
}

export function Legend({ parts }: { parts: Part[] }) {
  const { format } = useWords();
  return (
    <ul className="legend">
      {parts.map((p) => (
        <li key={p.name}>
          <svg viewBox="0 0 10 10" aria-hidden="true">
            <rect width="10" height="10" rx="3" className={`fill-${p.tone}`} />
          </svg>
          <span>
            {p.name} <strong>{format.number(p.count)}</strong>
          </span>
        </li>
      ))}
    </ul>
  );
}

// Whole shows how a whole is divided, as one bar.
export function Whole({ parts, name }: { parts: Part[]; name: string }) {
  const id = useId();
  const all = parts.reduce((n, p) => n + p.count, 0);
  let at = 0;
  return (
    <figure style={{ margin: 0 }}>
      <svg className="bar" viewBox="0 0 100 4" preserveAspectRatio="none" role="img" aria-labelledby={id}>
        <title id={id}>{name}</title>
        <rect width="100" height="4" className="fill-line" />
        {all > 0 &&
          parts.map((p) => {
            const width = (p.count / all) * 100;
            const x = at;
            at += width;
            return width > 0 && <rect key={p.name} x={x} width={width} height="4" className={`fill-${p.tone}`} />;
          })}
      </svg>
      <Legend parts={parts.filter((p) => p.count > 0 || p.tone === 'good')} />
    </figure>
  );
}

const mostShares = 8;

// Shares compares counts by bars, the largest first; beyond a few the rest is one.
export function Shares({ name, parts }: { name: string; parts: { name: string; count: number }[] }) {
  const { t, format } = useWords();
  const id = useId();
  const rest = parts.slice(mostShares).reduce((n, p) => n + p.count, 0);
  const shown = rest > 0 ? [...parts.slice(0, mostShares), { name: t('shares.rest'), count: rest }] : parts;
  const most = Math.max(1, ...shown.map((p) => p.count));
  return (
    <div>
      <h3 id={id}>{name}</h3>
      <ul className="shares" aria-labelledby={id}>
        {shown.map((p) => (
          <li key={p.name}>
            <span dir="auto">{p.name}</span>
            <svg viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">
              <rect width={Math.max(1, (p.count / most) * 100)} height="8" className="fill-accent" />
            </svg>
            <strong>{format.number(p.count)}</strong>
          </li>
        ))}
      </ul>
    </div>
  );
}
