import { Button } from '@mantine/core';
import { createContext, useCallback, useContext, useEffect, useId, useRef, useState, type ReactNode } from 'react';
import { useWords } from '../i18n';

// Dialog is the browser's own: it keeps the focus inside and closes on Escape.
export function Dialog({ title, onClose, children }: { title: string; onClose: () => void; children: ReactNode }) {
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
}

type Say = (text: string, more?: Pick<Toast, 'bad' | 'action'>) => void;
const Toasts = createContext<Say>(() => undefined);

// useSay tells something in the corner, for a few seconds.
export const useSay = () => useContext(Toasts);

let last = 0;

export function ToastsProvider({ children }: { children: ReactNode }) {
  const [toasts, setToasts] = useState<Toast[]>([]);
  const say = useCallback<Say>((text, more) => {
    const id = ++last;
    setToasts((all) => [...all.slice(-2), { id, text, ...more }]);
    setTimeout(() => setToasts((all) => all.filter((t) => t.id !== id)), more?.action ? 10_000 : 5000);
  }, []);
  return (
    <Toasts.Provider value={say}>
      {children}
      <div className="toasts" aria-live="polite">
        {toasts.map((toast) => (
          <div key={toast.id} className={`toast row between${toast.bad ? ' bad' : ''}`}>
            <span>{toast.text}</span>
            {toast.action && (
              <Button
                size="xs"
                variant="default"
                onClick={() => {
                  toast.action?.run();
                  setToasts((all) => all.filter((t) => t.id !== toast.id));
                }}
              >
                {toast.action.label}
              </Button>
            )}
          </div>
        ))}
      </div>
    </Toasts.Provider>
  );
}
