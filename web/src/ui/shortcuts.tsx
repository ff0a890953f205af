import { Button, Checkbox } from '@mantine/core';
import { useNavigate } from '@tanstack/react-router';
import { useEffect, useState } from 'react';
import { useWords, type Key } from '../i18n';
import { Dialog } from './dialog';

const storageKey = 'godwit.shortcuts';
const isOn = () => localStorage.getItem(storageKey) !== 'off';

// askForShortcuts opens the list of keys from elsewhere.
const asked = 'godwit-shortcuts';
export const askForShortcuts = () => window.dispatchEvent(new Event(asked));

const places: Record<string, string> = { w: '/webhooks', d: '/deliveries', e: '/events', t: '/event-types' };

const list: [string, Key][] = [
  ['/', 'shortcuts.search'],
  ['g w', 'nav.webhooks'],
  ['g d', 'nav.deliveries'],
  ['g e', 'nav.events'],
  ['g t', 'nav.types'],
  ['n', 'webhook.new'],
  ['j', 'shortcuts.down'],
  ['k', 'shortcuts.up'],
  ['?', 'shortcuts'],
];

// rows are the links that lead from a list to its rows.
const rows = () => [...document.querySelectorAll<HTMLElement>('.main-cell a')];

function step(by: 1 | -1) {
  const all = rows();
  const at = all.findIndex((row) => row === document.activeElement);
  all[Math.min(Math.max(at + by, 0), all.length - 1)]?.focus();
}

// Shortcuts are single keys, which do nothing while someone types and can be
// switched off: speech input would set them off.
export function Shortcuts() {
  const { t } = useWords();
  const navigate = useNavigate();
  const [help, setHelp] = useState(false);
  const [on, setOn] = useState(isOn);
  useEffect(() => {
    let going = 0;
    const press = (e: KeyboardEvent) => {
      const typing = e.target instanceof HTMLElement && (/^(INPUT|TEXTAREA|SELECT)$/.test(e.target.tagName) || e.target.isContentEditable);
      if (typing || e.ctrlKey || e.metaKey || e.altKey || document.querySelector('dialog[open]') || !isOn()) return;
      const place = places[e.key];
      if (Date.now() - going < 1500 && place) void navigate({ to: place });
      else if (e.key === 'n') void navigate({ to: '/webhooks/new' });
      else if (e.key === 'j' || e.key === 'k') step(e.key === 'j' ? 1 : -1);
      else if (e.key === '?') setHelp(true);
      going = e.key === 'g' ? Date.now() : 0;
    };
    const show = () => setHelp(true);
    window.addEventListener('keydown', press);
    window.addEventListener(asked, show);
    return () => {
      window.removeEventListener('keydown', press);
      window.removeEventListener(asked, show);
    };
  }, [navigate]);
  return (
    help && (
        <Dialog title={t('shortcuts')} onClose={() => setHelp(false)}>
          <dl className="facts">
            {list.map(([key, word]) => (
              <div key={key} style={{ display: 'contents' }}>
                <dt>
                  <kbd>{key}</kbd>
                </dt>
                <dd>{t(word)}</dd>
              </div>
            ))}
          </dl>
          <Checkbox
            label={t('shortcuts.on')}
            checked={on}
            onChange={(e) => {
              setOn(e.currentTarget.checked);
              localStorage.setItem(storageKey, e.currentTarget.checked ? 'on' : 'off');
            }}
          />
          <Button variant="default" onClick={() => setHelp(false)}>
            {t('close')}
          </Button>
        </Dialog>
    )
  );
}
