package api

import (
	"net/http"
	"slices"

	"godwit/api/access"
)

// routes is every operation of the API: how it is called, by whom, with which
// body, and what carries it out.
func (s *server) routes() []route {
	return slices.Concat(s.hostRoutes(), s.webhookRoutes(), s.listenerRoutes(), s.playRoutes())
}

// listenerRoutes are for programs that take deliveries on their owner's machine.
func (s *server) listenerRoutes() []route {
	return []route{
		{http.MethodPost, "/v1/listeners", users, creates, "open-listener", "Make a listener, or take it up again", access.Takes[listenerForm]().UpTo(maxBody), call(s.openListener)},
		{http.MethodGet, "/v1/listeners", users, answers, "list-listeners", "Listeners", nil, call(s.listeners)},
		{http.MethodGet, "/v1/listeners/{id}/stream", users, answers, "stream-listener", "The requests of a listener, as they come", nil, s.streamOf},
		{http.MethodPost, "/v1/listeners/{id}/results", users, answers, "post-results", "What the receiver answered to requests of the stream", access.Takes[resultsForm]().UpTo(maxBody), call(s.takeResults)},
		{http.MethodDelete, "/v1/listeners/{id}", users, removes, "delete-listener", "Remove a listener with its webhook", nil, call(s.deleteListener)},
	}
}

// hostRoutes are for the host application: what it mirrors and publishes, and
// who may call.
func (s *server) hostRoutes() []route {
	const get, put, post, del = http.MethodGet, http.MethodPut, http.MethodPost, http.MethodDelete
	return []route{
		{put, "/v1/companies/{id}", admins, answers, "put-company", "Create or change a company", access.Takes[companyForm](), call(s.putCompany)},
		{get, "/v1/companies/{id}", admins, answers, "get-company", "One company", nil, call(s.company)},
		{del, "/v1/companies/{id}", admins, removes, "delete-company", "Delete a company", nil, call(s.deleteCompany)},
		{get, "/v1/companies", users, answers, "list-companies", "Companies, all or those of a user's projects", nil, call(s.companies)},

		{put, "/v1/projects/{id}", admins, answers, "put-project", "Create or change a project", access.Takes[projectForm](), call(s.putProject)},
		{get, "/v1/projects/{id}", users, answers, "get-project", "One project", nil, call(s.project)},
		{del, "/v1/projects/{id}", admins, removes, "delete-project", "Delete a project", nil, call(s.deleteProject)},
		{get, "/v1/projects", users, answers, "list-projects", "Projects, all or those of one company, or some by their ids", nil, call(s.projects)},

		{put, "/v1/users/{id}", admins, answers, "put-user", "Create or change a user", access.Takes[userForm](), call(s.putUser)},
		{get, "/v1/users/{id}", users, answers, "get-user", "One user; a user's key shows its own", nil, call(s.user)},
		{get, "/v1/users/{id}/projects", admins, answers, "list-user-projects", "The projects that a user is a member of", nil, call(s.userProjects)},
		{del, "/v1/users/{id}", admins, removes, "delete-user", "Delete a user", nil, call(s.deleteUser)},
		{get, "/v1/users", admins, answers, "list-users", "All users", nil, call(s.users)},

		{put, "/v1/projects/{id}/members/{user_id}", admins, answers, "put-member", "Make a user a member of a project", nil, call(s.putMember)},
		{del, "/v1/projects/{id}/members/{user_id}", admins, removes, "delete-member", "End a membership", nil, call(s.deleteMember)},
		{get, "/v1/projects/{id}/members", admins, answers, "list-members", "The members of a project", nil, call(s.members)},

		{post, "/v1/api-keys", users, creates, "create-api-key", "Make an API key", access.Takes[apiKeyForm](), call(s.createAPIKey)},
		{get, "/v1/api-keys", users, answers, "list-api-keys", "API keys; a user's key shows those of the user", nil, call(s.apiKeys)},
		{get, "/v1/api-keys/{id}", users, answers, "get-api-key", "One API key", nil, call(s.apiKey)},
		{del, "/v1/api-keys/{id}", users, removes, "delete-api-key", "Revoke an API key", nil, call(s.deleteAPIKey)},

		{post, "/v1/device", anyone, admits, "begin-device", "Begin the sign-in of a command line, which a person approves in the web app", access.Takes[deviceForm](), call(s.beginDevice)},
		{post, "/v1/device/poll", anyone, answers, "poll-device", "Ask whether the person has let the command line in, and get its key", access.Takes[pollForm](), call(s.pollDevice)},
		{post, "/v1/device/answer", users, answers, "answer-device", "Show a command line that waits, and let it in or refuse it", access.Takes[deviceAnswerForm](), call(s.answerDevice)},

		{post, "/v1/portal-sessions", admins, creates, "create-portal-session", "Make a link that signs a user in to the web app, once", access.Takes[portalForm](), call(s.createPortalLink)},
		{post, "/v1/portal-sessions/look", anyone, answers, "look-at-portal-link", "Whom a portal link would sign in; it is not used up", access.Takes[linkForm](), call(s.portalLink)},
		{post, "/v1/session", anyone, admits, "sign-in", "Sign a browser in with an API key or a portal link", access.Takes[sessionForm](), call(s.signIn)},
		{get, "/v1/app", anyone, answers, "get-app", "How the web app shows this installation, and what there is here", nil, call(s.app)},
		{get, "/v1/session", users, answers, "get-session", "Whom the request stands for", nil, call(s.whoAmI)},
		{http.MethodPatch, "/v1/session", users, answers, "patch-session", "Choose the language of the user whom the request stands for", access.Takes[sessionPatch](), call(s.patchSession)},
		{del, "/v1/session", users, removes, "sign-out", "Sign a browser out", nil, call(s.signOut)},
		{get, "/v1/sessions", users, answers, "list-sessions", "Who is signed in", nil, call(s.sessions)},
		{del, "/v1/sessions/{id}", users, removes, "end-session", "End a session", nil, call(s.endSession)},

		{get, "/v1/audit-log", admins, answers, "list-audit-log", "Who changed what", nil, call(s.auditLog)},
		{get, "/v1/system", admins, answers, "get-system", "What this installation is, and how far the removal of old rows has come", nil, call(s.system)},

		{get, "/v1/event-types", users, answers, "list-event-types", "The catalogue of event types", nil, call(s.eventTypes)},
		{get, "/v1/event-types/{name}/fields", users, answers, "list-event-type-fields", "What conditions can ask about the events of a type", nil, call(s.typeFields)},
		{put, "/v1/event-types/{name}", admins, answers, "put-event-type", "Add or change an event type", access.Takes[eventTypeForm]().UpTo(schemaBody), call(s.putEventType)},
		{del, "/v1/event-types/{name}", admins, removes, "delete-event-type", "Delete an event type that is not built in", nil, call(s.deleteEventType)},

		{post, "/v1/events", publishers, starts, "publish-event", "Publish one event", access.Takes[eventForm]().UpTo(maxBody).OrCloudEvents().ReadBy(s.readEvent), call(s.publish)},
		{post, "/v1/events/batch", publishers, starts, "publish-batch", "Publish up to 500 events", access.Takes[batchForm]().UpTo(maxBatch).ReadBy(s.readBatch), call(s.publishBatch)},
		{get, "/v1/events", users, answers, "list-events", "Events, without their states", nil, call(s.events)},
		{post, "/v1/events/search", users, answers, "search-events", "Find events by a condition on what is in them", access.Takes[searchForm]().UpTo(maxBody), call(s.searchEvents)},
		{del, "/v1/events/{id}/payload", admins, removes, "expunge-event", "Remove the states of an event for good", nil, call(s.expungeEvent)},
		{get, "/v1/events/{id}", users, answers, "get-event", "One event as it was sent, with its deliveries", nil, call(s.event)},
	}
}

// webhookRoutes are about webhooks, and what goes to them.
func (s *server) webhookRoutes() []route {
	const get, put, post, patch, del = http.MethodGet, http.MethodPut, http.MethodPost, http.MethodPatch, http.MethodDelete
	return []route{
		{post, "/v1/webhooks", users, creates, "create-webhook", "Subscribe", access.Takes[webhookForm]().UpTo(maxBody).ReadBy(s.readConditions), call(s.createWebhook)},
		{post, "/v1/webhooks/check", users, answers, "check-webhook", "What is wrong with a webhook, or a part of one; writes nothing", access.Takes[checkForm]().UpTo(maxBody), call(s.checkWebhook)},
		{post, "/v1/webhooks/preview", users, answers, "preview-rules", "What rules would have matched; writes nothing", access.Takes[previewForm]().UpTo(maxBody), call(s.preview)},
		{post, "/v1/webhooks/{id}/explain", users, answers, "explain-event", "Why an event did or did not go to a webhook", access.Takes[explainForm](), call(s.explain)},
		{post, "/v1/webhooks/{id}/verify", users, answers, "verify-request", "Whether a request that a receiver got is signed by a webhook, and which part is wrong; writes nothing", access.Takes[verifyForm]().UpTo(verifiedBody).WhenLarger(largerVerified), call(s.verify)},
		{get, "/v1/webhooks", users, answers, "list-webhooks", "Webhooks", nil, call(s.webhooks)},
		{get, "/v1/webhooks/{id}", users, answers, "get-webhook", "One webhook", nil, call(s.webhook)},
		{put, "/v1/webhooks/by-key/{key}", users, answers, "put-webhook", "Create or change the webhook with a key", access.Takes[webhookForm]().UpTo(maxBody), call(s.putWebhook)},
		{get, "/v1/webhooks/by-key/{key}", users, answers, "get-webhook-by-key", "The webhook with a key", nil, call(s.webhookByKey)},
		{patch, "/v1/webhooks/{id}", users, answers, "patch-webhook", "Change a webhook (merge patch)", access.Takes[webhookPatch]().UpTo(maxBody), call(s.patchWebhook)},
		{post, "/v1/webhooks/{id}/enable", users, answers, "enable-webhook", "Probe a webhook, and switch it on if it answers", access.Takes[enableForm]().OrNone(), call(s.enable)},
		{post, "/v1/webhooks/{id}/disable", users, answers, "disable-webhook", "Switch a webhook off; what matches is held", access.Takes[disableForm]().OrNone(), call(s.disable)},
		{post, "/v1/webhooks/{id}/rotate-secret", users, changes, "rotate-secret", "Replace the signing secret of a webhook", access.Takes[rotateForm]().OrNone(), call(s.rotateSecret)},
		{del, "/v1/webhooks/{id}", users, removes, "delete-webhook", "Delete a webhook", nil, call(s.deleteWebhook)},
		{del, "/v1/webhooks/by-key/{key}", users, removes, "delete-webhook-by-key", "Delete the webhook with a key", nil, call(s.deleteWebhookByKey)},
		{post, "/v1/webhooks/{id}/test", users, starts, "test-webhook", "Send a test event to a webhook alone, whatever its rules", access.Takes[testForm]().UpTo(maxBody).OrNone(), call(s.test)},
		{post, "/v1/webhooks/{id}/redeliver", users, starts, "redeliver-deliveries", "Send many deliveries of a webhook again", access.Takes[redeliverForm]().UpTo(namesBody), call(s.redeliverDeliveries)},
		{post, "/v1/webhooks/{id}/cancel", users, nudges, "cancel-deliveries", "Cancel many deliveries of a webhook that wait or are held", access.Takes[cancelForm]().UpTo(namesBody), call(s.cancelDeliveries)},
		{get, "/v1/webhooks/{id}/redeliveries", users, answers, "list-redeliveries", "Where many deliveries of a webhook were sent again or cancelled", nil, call(s.redeliveries)},
		{get, "/v1/webhooks/{id}/redeliveries/{redelivery_id}", users, answers, "get-redelivery", "Where sending many deliveries again, or cancelling them, stands", nil, call(s.redelivery)},
		{del, "/v1/webhooks/{id}/redeliveries/{redelivery_id}", users, removes, "cancel-redelivery", "Send, or cancel, no more of them", nil, call(s.cancelRedelivery)},
		{get, "/v1/webhooks/{id}/health", users, answers, "get-webhook-health", "How a webhook has been doing", nil, call(s.health)},
		{get, "/v1/webhooks/{id}/ledger", users, answers, "get-webhook-ledger", "Where everything that matched a webhook stands", nil, call(s.ledger)},
		{get, "/v1/stats", users, answers, "get-stats", "What happened lately, and what waits", nil, call(s.stats)},

		{get, "/v1/deliveries", users, answers, "list-deliveries", "Deliveries", nil, call(s.deliveries)},
		{get, "/v1/deliveries/{id}", users, answers, "get-delivery", "One delivery with every attempt", nil, call(s.delivery)},
		{get, "/v1/deliveries/{id}/request", users, answers, "get-delivery-request", "The request of a delivery, as it is sent", nil, call(s.request)},
		{post, "/v1/deliveries/{id}/redeliver", users, starts, "redeliver", "Send the event of a finished delivery again", nil, call(s.redeliver)},
		{post, "/v1/deliveries/{id}/retry-now", users, nudges, "retry-now", "Make the next attempt of a delivery at once", nil, call(s.retryNow)},
		{post, "/v1/deliveries/{id}/cancel", users, answers, "cancel-delivery", "Cancel a delivery that is not finished", nil, call(s.cancel)},
	}
}
