import { Link } from '@tanstack/react-router';
import type { Schemas } from '../api/client';
import { useWords } from '../i18n';
import { Guide, When } from '../ui/parts';
import { useWho } from '../ui/who';

// History lists the changes of a webhook's health with their causes.
export function History({ transitions }: { transitions: Schemas['Transition'][] }) {
  const { t } = useWords();
  const who = useWho();
  if (transitions.length === 0) return <p className="dim">{t('history.none')} <Guide to="concepts#the-states-of-a-webhook" /></p>;
  return (
    <ol className="timeline">
      {transitions.map((x, i) => (
        <li key={`${x.at}${i}`} className={!x.enabled ? 'bad' : x.status === 'HEALTHY' ? 'good' : 'warn'}>
          <div>
            {t(`cause.${x.cause}`)} {x.reason && t(`reason.${x.reason}`)}
          </div>
          {x.note && <div dir="auto">{t('line.quoted', { value: x.note })}</div>}
          <div className="dim small row">
            <When at={x.at} />
            {x.actor && <span>{t('by', { who: who(x.actor) })}</span>}
            {x.delivery_id && (
              <Link to="/deliveries/$id" params={{ id: x.delivery_id }}>
                {t('delivery')}
              </Link>
            )}
          </div>
        </li>
      ))}
    </ol>
  );
}
