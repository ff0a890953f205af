import { Button } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { useEvent } from '../api/hooks';
import { useWords } from '../i18n';
import { Dialog } from '../ui/dialog';
import { useNames, useTypes } from '../ui/names';
import { Answered, When } from '../ui/parts';
import { StatesTable } from '../ui/states';

// EventPanel shows an event at the side of a page that is not left for it.
export function EventPanel({ id, onClose }: { id: string; onClose: () => void }) {
  const { t } = useWords();
  const { title } = useTypes();
  const names = useNames();
  const query = useEvent(id);
  return (
    <Dialog title={query.data ? title(query.data.type) : t('event')} onClose={onClose} shape="side">
      <Answered query={query}>
        {(e) => (
          <>
            <p className="dim small">
              {e.project_id && names.project(e.project_id)} · <When at={e.accepted_at} />
            </p>
            <StatesTable previous={e.previous} current={e.current} title={title(e.type)} />
          </>
        )}
      </Answered>
      <div className="row between">
        <Link to="/events/$id" params={{ id }} target="_blank">
          {t('event.open')}
        </Link>
        <Button variant="default" onClick={onClose}>
          {t('close')}
        </Button>
      </div>
    </Dialog>
  );
}
