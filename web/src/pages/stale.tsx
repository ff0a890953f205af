import { Button } from '@mantine/core';
import { useRef, useState } from 'react';
import type { Schemas } from '../api/client';
import type { Rule, WebhookDetail } from '../api/hooks';
import { useWords } from '../i18n';
import { useClamp } from '../ui/clamp';
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
    <Dialog title={t('stale.title')} shape="wide" onClose={onClose}>
      <p>
        {theirs.change && (
          <strong>
            {actor && who(actor) === t('who.you') ? t('stale.you') : t('stale.by', { who: actor ? who(actor) : t('who.godwit') })} <When at={theirs.change.at} />.{' '}
          </strong>
        )}
        {t('stale.text')} {t('stale.each')}
      </p>
      <div className="frame" style={{ overflowX: 'auto' }} tabIndex={0} role="group" aria-label={t('stale.title')}>
        <table className="diff stale small">
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
                <Which field={f} value={was[f]} name={t('stale.was')} />
                <Which field={f} value={theirs.webhook[f]} name={t('stale.theirs')} {...(f in patch && { chosen: given.includes(f), choose: () => setGiven([...given, f]) })} />
                {f in patch ? (
                  <Which field={f} value={patch[f]} name={t('stale.mine')} chosen={!given.includes(f)} choose={() => setGiven(given.filter((g) => g !== f))} />
                ) : (
                  <td data-label={t('stale.mine')} className="dim">
                    {t('stale.only_theirs')}
                  </td>
                )}
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

// Which is one of the values that a setting may have; without choose there is no choice.
function Which({ field, value, name, chosen, choose }: { field: Field; value: unknown; name: string; chosen?: boolean; choose?: () => void }) {
  const { t } = useWords();
  const { label, words } = useSettingWords();
  const text = useRef<HTMLSpanElement>(null);
  const clamp = useClamp(text, value);
  const shown =
    field === 'rules' ? (
      <Rules rules={value as Rule[]} />
    ) : (
      <span ref={text} className={clamp.className} dir="auto">
        {words(field, value)}
      </span>
    );
  return (
    <td data-label={name}>
      <div className="whole">
        {choose ? (
          <label className="row which">
            <input type="radio" name={`which-${field}`} checked={chosen} onChange={choose} aria-label={`${t('stale.which', { name: label(field) })} ${name}`} />
            {shown}
          </label>
        ) : (
          shown
        )}
        {clamp.button}
      </div>
    </td>
  );
}

function Rules({ rules }: { rules: Rule[] }) {
  return (
    <ol className="plainlist">
      {rules.map((rule, i) => (
        <li key={i}>
          <RuleWords rule={rule} />
        </li>
      ))}
    </ol>
  );
}
