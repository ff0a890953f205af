import { Button, TextInput } from '@mantine/core';
import { createContext, useCallback, useContext, useEffect, useId, useRef, useState, type ReactNode } from 'react';
import { useWords } from '../i18n';

// Dialog is the browser's own: it keeps the focus inside and closes on Escape.
// With side it stands at the end of the page; a wide one is for tables.
export function Dialog({ title, onClose, shape, children }: { title: string; onClose: () => void; shape?: 'side' | 'wide'; children: ReactNode }) {
  const ref = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const dialog = ref.current;
    dialog?.showModal();
    return () => dialog?.close();
  }, []);
  return (
    <dialog
      ref={ref}
      className={shape}
      aria-labelledby={id}
      onCancel={(e) => {
        e.preventDefault();
        onClose();
      }}
    >
      <div className="stack">
        <h2 id={id}>{title}</h2>
        {children}
      </div>
    </dialog>
  );
}

export function Buttons({ children, onCancel }: { children: ReactNode; onCancel: () => void }) {
  const { t } = useWords();
  return (
    <div className="row" style={{ justifyContent: 'flex-end' }}>
      <Button variant="default" onClick={onCancel}>
        {t('cancel')}
      </Button>
      {children}
    </div>
  );
}

interface Toast {
  id: number;
  text: string;
  bad?: boolean;
  action?: { label: string; run: () => void };
  // ask has a person add something in words.
  ask?: { label: string; run: (text: string) => void };
}

type Say = (text: string, more?: Pick<Toast, 'bad' | 'action' | 'ask'>) => void;
const Toasts = createContext<Say>(() => undefined);

// useSay tells something in the corner, for a few seconds.
export const useSay = () => useContext(Toasts);

let last = 0;

export function ToastsProvider({ children }: { children: ReactNode }) {
  const [toasts, setToasts] = useState<Toast[]>([]);
  const drop = useCallback((id: number) => setToasts((all) => all.filter((t) => t.id !== id)), []);
  const say = useCallback<Say>(
    (text, more) => {
      const id = ++last;
      setToasts((all) => [...all.slice(-2), { id, text, ...more }]);
      // What someone is at stays.
      const leave = () => (document.getElementById(`toast-${id}`)?.contains(document.activeElement) ? setTimeout(leave, 5000) : drop(id));
      setTimeout(leave, more?.ask ? 20_000 : more?.action ? 10_000 : 5000);
    },
    [drop],
  );
  return (
    <Toasts.Provider value={say}>
      {children}
      <div className="toasts" aria-live="polite">
        {toasts.map((toast) => (
          <div key={toast.id} id={`toast-${toast.id}`} className={`toast${toast.bad ? ' bad' : ''}`}>
            <div className="row between">
              <span>{toast.text}</span>
              {toast.action && (
                <Button
                  size="xs"
                  variant="default"
                  onClick={() => {
                    toast.action?.run();
                    drop(toast.id);
                  }}
                >
                  {toast.action.label}
                </Button>
              )}
            </div>
            {toast.ask && <Ask ask={toast.ask} onDone={() => drop(toast.id)} />}
          </div>
        ))}
      </div>
    </Toasts.Provider>
  );
}

function Ask({ ask, onDone }: { ask: NonNullable<Toast['ask']>; onDone: () => void }) {
  const { t } = useWords();
  const [text, setText] = useState('');
  return (
    <form
      className="line"
      onSubmit={(e) => {
        e.preventDefault();
        if (text.trim() === '') return;
        ask.run(text.trim());
        onDone();
      }}
    >
      <TextInput label={ask.label} value={text} maxLength={200} autoComplete="off" onChange={(e) => setText(e.currentTarget.value)} />
      <Button className="fit" type="submit" variant="default" disabled={text.trim() === ''}>
        {t('save')}
      </Button>
    </form>
  );
}
