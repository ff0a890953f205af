import { Button } from '@mantine/core';
import { useState } from 'react';
import { useWords } from '../i18n';
import { Copy } from './parts';

// Secret shows a signing secret, which comes once and is kept nowhere.
export function Secret({ secret, name }: { secret: string; name: string }) {
  const { t } = useWords();
  const [shown, setShown] = useState(false);
  const save = () => {
    const link = document.createElement('a');
    link.href = URL.createObjectURL(new Blob([`GODWIT_WEBHOOK_SECRET=${secret}\n`], { type: 'text/plain' }));
    link.download = `${name.replace(/[^\w-]+/g, '-').slice(0, 60) || 'webhook'}.env`;
    link.click();
    URL.revokeObjectURL(link.href);
  };
  return (
    <div className="stack tight">
      <p className="dim">{t('secret.once')}</p>
      <div className="row">
        <code dir="ltr">{shown ? secret : `${secret.slice(0, 6)}${'•'.repeat(12)}`}</code>
      </div>
      <div className="row">
        <Button size="xs" variant="default" onClick={() => setShown(!shown)}>
          {shown ? t('hide') : t('show')}
        </Button>
        <Copy value={secret} />
        <Button size="xs" variant="default" onClick={save}>
          {t('secret.save')}
        </Button>
      </div>
    </div>
  );
}
