import { useRef, type KeyboardEvent } from 'react';

interface Option<T extends string> {
  value: T;
  label: string;
  text: string;
}

const steps: Record<string, number> = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 };

// Radios has one be chosen of a few, each with a sentence; none is chosen beforehand. The
// keyboard has one stop in it: arrows choose the next one, as in every group of its kind.
export function Radios<T extends string>({ label, value, options, onChange }: { label: string; value: T | null | undefined; options: Option<T>[]; onChange: (value: T) => void }) {
  const group = useRef<HTMLDivElement>(null);
  const at = options.findIndex((o) => o.value === value);
  const move = (e: KeyboardEvent, from: number) => {
    const rightToLeft = getComputedStyle(e.currentTarget).direction === 'rtl' && (e.key === 'ArrowLeft' || e.key === 'ArrowRight');
    const step = (steps[e.key] ?? 0) * (rightToLeft ? -1 : 1);
    const to = (from + step + options.length) % options.length;
    const option = options[to];
    if (step === 0 || !option || e.ctrlKey || e.metaKey || e.altKey) return;
    e.preventDefault();
    group.current?.querySelectorAll<HTMLElement>('[role=radio]')[to]?.focus();
    onChange(option.value);
  };
  return (
    <div className="choices" role="radiogroup" aria-label={label} ref={group}>
      {options.map((o, i) => (
        <button
          key={o.value}
          type="button"
          className="choice"
          role="radio"
          aria-checked={i === at}
          tabIndex={i === Math.max(at, 0) ? 0 : -1}
          onClick={() => onChange(o.value)}
          onKeyDown={(e) => move(e, i)}
        >
          <strong>{o.label}</strong>
          <span className="dim small">{o.text}</span>
        </button>
      ))}
    </div>
  );
}
