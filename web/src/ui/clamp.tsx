import { useLayoutEffect, useRef, useState, type RefObject } from 'react';
import { useWords } from '../i18n';

// useClamp cuts a long text off after a few lines. Its button, which is there only where
// something is cut off, shows all of it; it belongs behind the text, in the same .whole.
export function useClamp(ref: RefObject<HTMLElement | null>, text: unknown) {
  const { t } = useWords();
  const [open, setOpen] = useState(false);
  const [cut, setCut] = useState(false);
  useLayoutEffect(() => {
    const e = ref.current;
    if (!e || open) return undefined;
    const look = () => setCut(e.scrollHeight > e.clientHeight + 2);
    look();
    const seen = new ResizeObserver(look);
    seen.observe(e);
    return () => seen.disconnect();
  }, [ref, open, text]);
  const button = (cut || open) && (
    <button type="button" className="link small" aria-expanded={open} onClick={() => setOpen(!open)}>
      {t(open ? 'whole.hide' : 'whole.show')}
    </button>
  );
  return { className: open ? undefined : 'clamped', button };
}

// Name is a name in a table.
export function Name({ text }: { text: string }) {
  const name = useRef<HTMLElement>(null);
  const clamp = useClamp(name, text);
  return (
    <div className="whole">
      <strong ref={name} dir="auto" className={clamp.className}>
        {text}
      </strong>
      {clamp.button}
    </div>
  );
}
