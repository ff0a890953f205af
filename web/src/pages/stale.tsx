import { Button } from '@mantine/core';
import { useState } from 'react';
import type { Schemas } from '../api/client';
import type { Rule, WebhookDetail } from '../api/hooks';
import { useWords } from '../i18n';
import { Buttons, Dialog } from '../ui/dialog';
import { RuleWords } from '../ui/listens';
import { When } from '../ui/parts';
import { useWho } from '../ui/who';
import { shownFields, useSettingWords, type Field } from './setting-words';

type Patch = Schemas['WebhookPatch'];

export interface Meanwhile {
  webhook: WebhookDetail;
  etag: string;
  change: Schemas['Problem']['changed'];
}

interface StaleProps {
  patch: Patch;
  was: WebhookDetail;
  theirs: Meanwhile;
  busy: boolean;
  // onSave saves those of mine that were chosen, upon theirs.
  onSave: (mine: Patch) => void;
  onTheirs: () => void;
  onClose: () => void;
}

const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);

// Stale is asked when someone else has changed the webhook since it was read: who and
// when, and for each setting which value stays. Until it is saved nothing is lost.
export function Stale({ patch, was, theirs, busy, onSave, onTheirs, onClose }: StaleProps) {
  const { t } = useWords();
  const who = useWho();
  const { label } = useSettingWords();
  const [given, setGiven] = useState<Field[]>([]); // to theirs
  const differing = shownFields.filter((f) => f in patch || !same(was[f], theirs.webhook[f]));
  const mine = Object.fromEntries(Object.entries(patch).filter(([f]) => !given.includes(f as Field))) as Patch;
  const actor = theirs.change?.actor;
  return (
    <Dialog title={t('stale.title')} onClose={onClose}>
      <p>
        {theirs.change && (
          <strong>
            {actor && who(actor) === t('who.you') ? t('stale.you') : t('stale.by', { who: actor ? who(actor) : t('who.godwit') })} <When at={theirs.change.at} />.{' '}
          </strong>
        )}
        {t('stale.text')} {t('stale.each')}
      </p>
      <div className="frame" style={{ overflowX: 'auto' }} tabIndex={0} role="group" aria-label={t('stale.title')}>
        <table className="diff small">
          <thead>
            <tr>
              <th scope="col">{t('field')}</th>
              <th scope="col">{t('stale.was')}</th>
              <th scope="col">{t('stale.theirs')}</th>
              <th scope="col">{t('stale.mine')}</th>
            </tr>
          </thead>
          <tbody>
            {differing.map((f) => (
              <tr key={f}>
                <th scope="row">{label(f)}</th>
                <td>
                  <Value field={f} value={was[f]} />
                </td>
                <td>
                  <Which field={f} chosen={f in patch ? given.includes(f) : undefined} choose={() => setGiven([...given, f])} name={t('stale.theirs')}>
                    <Value field={f} value={theirs.webhook[f]} />
                  </Which>
                </td>
                <td>
                  <Which field={f} chosen={f in patch ? !given.includes(f) : undefined} choose={() => setGiven(given.filter((g) => g !== f))} name={t('stale.mine')}>
                    {f in patch ? <Value field={f} value={patch[f]} /> : <span className="dim">{t('stale.only_theirs')}</span>}
                  </Which>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <Buttons onCancel={onClose}>
        <Button variant="default" onClick={onTheirs}>
          {t('stale.take_theirs')}
        </Button>
        {given.length > 0 && Object.keys(mine).length > 0 ? (
          <Button loading={busy} onClick={() => onSave(mine)}>
            {t('stale.save')}
          </Button>
        ) : (
          <Button loading={busy} onClick={() => onSave(patch)}>
            {t('stale.keep_mine')}
          </Button>
        )}
      </Buttons>
    </Dialog>
  );
}

// Which is one of the values that a setting may have; without chosen there is no choice.
function Which({ field, chosen, choose, name, children }: { field: Field; chosen: boolean | undefined; choose: () => void; name: string; children: React.ReactNode }) {
  const { t } = useWords();
  const { label } = useSettingWords();
  if (chosen === undefined) return children;
  return (
    <label className="row which">
      <input type="radio" name={`which-${field}`} checked={chosen} onChange={choose} aria-label={`${t('stale.which', { name: label(field) })} ${name}`} />
      <span>{children}</span>
    </label>
  );
}

// Value says a setting in words.
function Value({ field, value }: { field: Field; value: unknown }) {
  const { words } = useSettingWords();
  if (field !== 'rules') return <span dir="auto">{words(field, value)}</span>;
  return (
    <ol className="plainlist">
      {(value as Rule[]).map((rule, i) => (
        <li key={i}>
          <RuleWords rule={rule} />
        </li>
      ))}
    </ol>
  );
}
