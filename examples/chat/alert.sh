#!/usr/bin/env bash
# Alert into a chat channel: a message for each record of high priority that is
# assigned to somebody or gets a due date. No program has to run: Godwit writes the
# message itself.
#
#   GODWIT_KEY=… CHAT_URL=https://hooks.slack.com/services/… examples/chat/alert.sh
#
# FORMAT is slack (the default), discord or teams; GODWIT is the command line. With an
# admin's key OWNER says whose webhook it is. Further arguments are handed on.
set -euo pipefail
: "${CHAT_URL:?must be the address that the channel gave you}"

exec "${GODWIT:-godwit}" webhooks create --name "High priority" --url "$CHAT_URL" --format "${FORMAT:-slack}" \
  ${OWNER:+--owner "$OWNER"} --events TODO_ASSIGNEE_ADDED,TODO_DUE_DATE_ADDED,TODO_DUE_DATE_UPDATED --filter "current.priority == 'high'" "$@"
