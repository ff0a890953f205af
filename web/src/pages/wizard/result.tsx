import { Button, Checkbox, NativeSelect } from '@mantine/core';
import { Link, useBlocker } from '@tanstack/react-router';
import { useState } from 'react';
import type { Webhook } from '../../api/hooks';
import { useWords } from '../../i18n';
import { checksNothing, receiverOf } from '../../rules/receivers';
import { snippet, tongues, type Tongue } from '../../rules/snippets';
import { Card, Code, Copy, Note, Page } from '../../ui/parts';
import { PlayLink } from '../../ui/play';
import { Secret } from '../../ui/secret';
import { TestPanel } from '../test-panel';

// Result comes after a webhook was made: its secret, how to check that requests
// are really from Godwit, and a first test.
export function Result({ webhook: w }: { webhook: Webhook }) {
  const { t } = useWords();
  const [stored, setStored] = useState(false);
  const [tongue, setTongue] = useState<Tongue>('Node');
  const noNeed = checksNothing(receiverOf(w.url));
  const secret = w.secret ?? '';
  useBlocker({
    shouldBlockFn: () => Boolean(secret) && !stored && !noNeed && !window.confirm(t('result.leave')),
    enableBeforeUnload: () => Boolean(secret) && !stored && !noNeed,
  });
  const check = (
    <div className="stack">
      {secret ? <Secret secret={secret} name={w.name} /> : w.public_key && <Code label={t('public_key')} text={w.public_key} />}
      {secret && !noNeed && <Checkbox label={t('result.stored')} checked={stored} onChange={(e) => setStored(e.currentTarget.checked)} />}
    </div>
  );
  return (
    <Page
      title={t('result.title', { name: w.name })}
      actions={
        <Button variant="default" renderRoot={(props) => <Link to="/webhooks/$id" params={{ id: w.id }} {...props} />}>
          {t('result.open')}
        </Button>
      }
    >
      <Note tone="good">{t('result.text')}</Note>
      <Card title={t('result.test')}>
        <PlayLink url={w.url} />
        <TestPanel webhook={w} />
      </Card>
      <Card title={t('secret')}>
        {noNeed ? (
          <>
            <p>{t('result.no_need')}</p>
            <details>
              <summary>{t('result.show_anyway')}</summary>
              {check}
            </details>
          </>
        ) : (
          check
        )}
      </Card>
      {secret && !noNeed && (
        <Card title={t('result.check')}>
          <div className="stack">
            <NativeSelect label={t('result.tongue')} value={tongue} onChange={(e) => setTongue(e.currentTarget.value as Tongue)} data={[...tongues]} style={{ maxWidth: '14rem' }} />
            <Code label={tongue} text={snippet(tongue, `${secret.slice(0, 6)}…`)} />
            <div>
              <Copy value={snippet(tongue, secret)} label={t('result.copy')} />
            </div>
            <p className="dim small">{t('result.copy.text')}</p>
          </div>
        </Card>
      )}
    </Page>
  );
}
