import { useEffect, useId, useRef, useState, type KeyboardEvent } from 'react';
import { Icon } from './icons';

export interface Item {
  label: string;
  run: () => void;
}

// Menu is a button with a few things to do. The browser shows it above all else and closes
// it on Escape or elsewhere; arrows move in it.
export function Menu({ label, items }: { label: string; items: Item[] }) {
  const id = useId();
  const button = useRef<HTMLButtonElement>(null);
  const list = useRef<HTMLDivElement>(null);
  const [open, setOpen] = useState(false);
  // Browsers close a popover when something else is pressed, the button too: a click that
  // began with an open menu does not open it again, whichever of the two comes first.
  const pressedOpen = useRef(false);
  useEffect(() => {
    const menu = list.current;
    const from = button.current?.getBoundingClientRect();
    if (!open || !menu || !from) return;
    menu.showPopover();
    const { width, height } = menu.getBoundingClientRect();
    const below = from.bottom + 4 + height <= window.innerHeight;
    menu.style.left = `${Math.max(8, Math.min(from.right - width, window.innerWidth - width - 8))}px`;
    menu.style.top = `${below ? from.bottom + 4 : Math.max(8, from.top - height - 4)}px`;
    menu.querySelector<HTMLElement>('[role=menuitem]')?.focus();
  }, [open]);
  const move = (e: KeyboardEvent) => {
    const all = [...(list.current?.querySelectorAll<HTMLElement>('[role=menuitem]') ?? [])];
    const at = all.findIndex((x) => x === document.activeElement);
    const to = { ArrowDown: (at + 1) % all.length, ArrowUp: (at - 1 + all.length) % all.length, Home: 0, End: all.length - 1 }[e.key];
    if (e.key === 'Tab') list.current?.hidePopover();
    if (to === undefined) return;
    e.preventDefault();
    all[to]?.focus();
  };
  const choose = (item: Item) => {
    list.current?.hidePopover();
    button.current?.focus();
    item.run();
  };
  return (
    <>
      <button
        ref={button}
        type="button"
        className="more"
        aria-label={label}
        aria-haspopup="menu"
        aria-expanded={open}
        aria-controls={open ? id : undefined}
        onPointerDown={() => {
          pressedOpen.current = open;
        }}
        onClick={() => {
          setOpen(!open && !pressedOpen.current);
          pressedOpen.current = false;
        }}
      >
        <Icon name="more" />
      </button>
      {open && (
        <div
          ref={list}
          id={id}
          role="menu"
          aria-label={label}
          popover="auto"
          className="menu"
          onKeyDown={move}
          onToggle={(e) => {
            if (e.newState === 'closed') setOpen(false);
          }}
        >
          {items.map((item) => (
            <button key={item.label} type="button" role="menuitem" tabIndex={-1} onClick={() => choose(item)}>
              {item.label}
            </button>
          ))}
        </div>
      )}
    </>
  );
}
