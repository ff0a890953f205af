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
		{http.MethodPost, "/v1/listeners", access.Users, creates, "open-listener", "Make a listener, or take it up again", access.Takes[listenerForm]().UpTo(maxBody), call(s.openListener)},
		{http.MethodGet, "/v1/listeners", access.Users, answers, "list-listeners", "Listeners", nil, call(s.listeners)},
		{http.MethodGet, "/v1/listeners/{id}/stream", access.Users, answers, "stream-listener", "The requests of a listener, as they come", nil, s.streamOf},
		{http.MethodPost, "/v1/listeners/{id}/results", access.Users, answers, "post-results", "What the receiver answered to requests of the stream", access.Takes[resultsForm]().UpTo(maxBody), call(s.takeResults)},
		{http.MethodDelete, "/v1/listeners/{id}", access.Users, removes, "delete-listener", "Remove a listener with its webhook", nil, call(s.deleteListener)},
	}
}

// hostRoutes are for the host application: what it mirrors and publishes, and
// who may call.
func (s *server) hostRoutes() []route {
	const get, put, post, del = http.MethodGet, http.MethodPut, http.MethodPost, http.MethodDelete
	return []route{
		{put, "/v1/companies/{id}", access.Admins, answers, "put-company", "Create or change a company", access.Takes[companyForm](), call(s.putCompany)},
		{get, "/v1/companies/{id}", access.Admins, answers, "get-company", "One company", nil, call(s.company)},
		{del, "/v1/companies/{id}", access.Admins, removes, "delete-company", "Delete a company", nil, call(s.deleteCompany)},
		{get, "/v1/companies", access.Users, answers, "list-companies", "Companies, all or those of a user's projects", nil, call(s.companies)},

		{put, "/v1/projects/{id}", access.Admins, answers, "put-project", "Create or change a project", access.Takes[projectForm](), call(s.putProject)},
		{get, "/v1/projects/{id}", access.Users, answers, "get-project", "One project", nil, call(s.project)},
		{del, "/v1/projects/{id}", access.Admins, removes, "delete-project", "Delete a project", nil, call(s.deleteProject)},
		{get, "/v1/projects", access.Users, answers, "list-projects", "Projects, all or those of one company, or some by their ids", nil, call(s.projects)},

		{put, "/v1/users/{id}", access.Admins, answers, "put-user", "Create or change a user", access.Takes[userForm](), call(s.putUser)},
		{get, "/v1/users/{id}", access.Users, answers, "get-user", "One user; a user's key shows its own", nil, call(s.user)},
		{get, "/v1/users/{id}/projects", access.Admins, answers, "list-user-projects", "The projects that a user is a member of", nil, call(s.userProjects)},
		{del, "/v1/users/{id}", access.Admins, removes, "delete-user", "Delete a user", nil, call(s.deleteUser)},
		{get, "/v1/users", access.Admins, answers, "list-users", "All users", nil, call(s.users)},

		{put, "/v1/projects/{id}/members/{user_id}", access.Admins, answers, "put-member", "Make a user a member of a project", nil, call(s.putMember)},
		{del, "/v1/projects/{id}/members/{user_id}", access.Admins, removes, "delete-member", "End a membership", nil, call(s.deleteMember)},
		{get, "/v1/projects/{id}/members", access.Admins, answers, "list-members", "The members of a project", nil, call(s.members)},

		{post, "/v1/api-keys", access.Users, creates, "create-api-key", "Make an API key", access.Takes[apiKeyForm](), call(s.createAPIKey)},
		{get, "/v1/api-keys", access.Users, answers, "list-api-keys", "API keys; a user's key shows those of the user", nil, call(s.apiKeys)},
		{get, "/v1/api-keys/{id}", access.Users, answers, "get-api-key", "One API key", nil, call(s.apiKey)},
		{del, "/v1/api-keys/{id}", access.Users, removes, "delete-api-key", "Revoke an API key", nil, call(s.deleteAPIKey)},

		{post, "/v1/device", access.Anyone, admits, "begin-device", "Begin the sign-in of a command line, which a person approves in the web app", access.Takes[deviceForm](), call(s.beginDevice)},
		{post, "/v1/device/poll", access.Anyone, answers, "poll-device", "Ask whether the person has let the command line in, and get its key", access.Takes[pollForm](), call(s.pollDevice)},
		{post, "/v1/device/answer", access.Users, answers, "answer-device", "Show a command line that waits, and let it in or refuse it", access.Takes[deviceAnswerForm](), call(s.answerDevice)},

		{post, "/v1/portal-sessions", access.Admins, creates, "create-portal-session", "Make a link that signs a user in to the web app, once", access.Takes[portalForm](), call(s.createPortalLink)},
		{post, "/v1/portal-sessions/look", access.Anyone, answers, "look-at-portal-link", "Whom a portal link would sign in; it is not used up", access.Takes[linkForm](), call(s.portalLink)},
		{post, "/v1/session", access.Anyone, admits, "sign-in", "Sign a browser in with an API key or a portal link", access.Takes[sessionForm](), call(s.signIn)},
		{get, "/v1/app", access.Anyone, answers, "get-app", "How the web app shows this installation, and what there is here", nil, call(s.app)},
		{get, "/v1/session", access.Users, answers, "get-session", "Whom the request stands for", nil, call(s.whoAmI)},
		{http.MethodPatch, "/v1/session", access.Users, answers, "patch-session", "Choose the language of the user whom the request stands for", access.Takes[sessionPatch](), call(s.patchSession)},
		{del, "/v1/session", access.Users, removes, "sign-out", "Sign a browser out", nil, call(s.signOut)},
		{get, "/v1/sessions", access.Users, answers, "list-sessions", "Who is signed in", nil, call(s.sessions)},
		{del, "/v1/sessions/{id}", access.Users, removes, "end-session", "End a session", nil, call(s.endSession)},

		{get, "/v1/audit-log", access.Admins, answers, "list-audit-log", "Who changed what", nil, call(s.auditLog)},
		{get, "/v1/system", access.Admins, answers, "get-system", "What this installation is, and how far the removal of old rows has come", nil, call(s.system)},

		{get, "/v1/event-types", access.Users, answers, "list-event-types", "The catalogue of event types", nil, call(s.eventTypes)},
		{get, "/v1/event-types/{name}/fields", access.Users, answers, "list-event-type-fields", "What conditions can ask about the events of a type", nil, call(s.typeFields)},
		{put, "/v1/event-types/{name}", access.Admins, answers, "put-event-type", "Add or change an event type", access.Takes[eventTypeForm]().UpTo(schemaBody), call(s.putEventType)},
		{del, "/v1/event-types/{name}", access.Admins, removes, "delete-event-type", "Delete an event type that is not built in", nil, call(s.deleteEventType)},

		{post, "/v1/events", access.Publishers, starts, "publish-event", "Publish one event", access.Takes[eventForm]().UpTo(maxBody).OrCloudEvents().ReadBy(s.readEvent), call(s.publish)},
		{post, "/v1/events/batch", access.Publishers, starts, "publish-batch", "Publish up to 500 events", access.Takes[batchForm]().UpTo(maxBatch).ReadBy(s.readBatch), call(s.publishBatch)},
		{get, "/v1/events", access.Users, answers, "list-events", "Events, without their states", nil, call(s.events)},
		{post, "/v1/events/search", access.Users, answers, "search-events", "Find events by a condition on what is in them", access.Takes[searchForm]().UpTo(maxBody), call(s.searchEvents)},
		{del, "/v1/events/{id}/payload", access.Admins, removes, "expunge-event", "Remove the states of an event for good", nil, call(s.expungeEvent)},
		{get, "/v1/events/{id}", access.Users, answers, "get-event", "One event as it was sent, with its deliveries", nil, call(s.event)},
	}
}

// webhookRoutes are about webhooks, and what goes to them.
func (s *server) webhookRoutes() []route {
	const get, put, post, patch, del = http.MethodGet, http.MethodPut, http.MethodPost, http.MethodPatch, http.MethodDelete
	return []route{
		{post, "/v1/webhooks", access.Users, creates, "create-webhook", "Subscribe", access.Takes[webhookForm]().UpTo(maxBody).ReadBy(s.readConditions), call(s.createWebhook)},
		{post, "/v1/webhooks/check", access.Users, answers, "check-webhook", "What is wrong with a webhook, or a part of one; writes nothing", access.Takes[checkForm]().UpTo(maxBody), call(s.checkWebhook)},
		{post, "/v1/webhooks/preview", access.Users, answers, "preview-rules", "What rules would have matched; writes nothing", access.Takes[previewForm]().UpTo(maxBody), call(s.preview)},
		{post, "/v1/webhooks/{id}/explain", access.Users, answers, "explain-event", "Why an event did or did not go to a webhook", access.Takes[explainForm](), call(s.explain)},
		{post, "/v1/webhooks/{id}/verify", access.Users, answers, "verify-request", "Whether a request that a receiver got is signed by a webhook, and which part is wrong; writes nothing", access.Takes[verifyForm]().UpTo(verifiedBody).WhenLarger(largerVerified), call(s.verify)},
		{get, "/v1/webhooks", access.Users, answers, "list-webhooks", "Webhooks", nil, call(s.webhooks)},
		{get, "/v1/webhooks/{id}", access.Users, answers, "get-webhook", "One webhook", nil, call(s.webhook)},
		{put, "/v1/webhooks/by-key/{key}", access.Users, answers, "put-webhook", "Create or change the webhook with a key", access.Takes[webhookForm]().UpTo(maxBody), call(s.putWebhook)},
		{get, "/v1/webhooks/by-key/{key}", access.Users, answers, "get-webhook-by-key", "The webhook with a key", nil, call(s.webhookByKey)},
		{patch, "/v1/webhooks/{id}", access.Users, answers, "patch-webhook", "Change a webhook (merge patch)", access.Takes[webhookPatch]().UpTo(maxBody), call(s.patchWebhook)},
		{post, "/v1/webhooks/{id}/enable", access.Users, answers, "enable-webhook", "Probe a webhook, and switch it on if it answers", access.Takes[enableForm]().OrNone(), call(s.enable)},
		{post, "/v1/webhooks/{id}/disable", access.Users, answers, "disable-webhook", "Switch a webhook off; what matches is held", access.Takes[disableForm]().OrNone(), call(s.disable)},
		{post, "/v1/webhooks/{id}/rotate-secret", access.Users, changes, "rotate-secret", "Replace the signing secret of a webhook", access.Takes[rotateForm]().OrNone(), call(s.rotateSecret)},
		{del, "/v1/webhooks/{id}", access.Users, removes, "delete-webhook", "Delete a webhook", nil, call(s.deleteWebhook)},
		{del, "/v1/webhooks/by-key/{key}", access.Users, removes, "delete-webhook-by-key", "Delete the webhook with a key", nil, call(s.deleteWebhookByKey)},
		{post, "/v1/webhooks/{id}/test", access.Users, starts, "test-webhook", "Send a test event to a webhook alone, whatever its rules", access.Takes[testForm]().UpTo(maxBody).OrNone(), call(s.test)},
		{post, "/v1/webhooks/{id}/redeliver", access.Users, starts, "redeliver-deliveries", "Send many deliveries of a webhook again", access.Takes[redeliverForm]().UpTo(namesBody), call(s.redeliverDeliveries)},
		{post, "/v1/webhooks/{id}/cancel", access.Users, nudges, "cancel-deliveries", "Cancel many deliveries of a webhook that wait or are held", access.Takes[cancelForm]().UpTo(namesBody), call(s.cancelDeliveries)},
		{get, "/v1/webhooks/{id}/redeliveries", access.Users, answers, "list-redeliveries", "Where many deliveries of a webhook were sent again or cancelled", nil, call(s.redeliveries)},
		{get, "/v1/webhooks/{id}/redeliveries/{redelivery_id}", access.Users, answers, "get-redelivery", "Where sending many deliveries again, or cancelling them, stands", nil, call(s.redelivery)},
		{del, "/v1/webhooks/{id}/redeliveries/{redelivery_id}", access.Users, removes, "cancel-redelivery", "Send, or cancel, no more of them", nil, call(s.cancelRedelivery)},
		{get, "/v1/webhooks/{id}/health", access.Users, answers, "get-webhook-health", "How a webhook has been doing", nil, call(s.health)},
		{get, "/v1/webhooks/{id}/ledger", access.Users, answers, "get-webhook-ledger", "Where everything that matched a webhook stands", nil, call(s.ledger)},
		{get, "/v1/stats", access.Users, answers, "get-stats", "What happened lately, and what waits", nil, call(s.stats)},

		{get, "/v1/deliveries", access.Users, answers, "list-deliveries", "Deliveries", nil, call(s.deliveries)},
		{get, "/v1/deliveries/{id}", access.Users, answers, "get-delivery", "One delivery with every attempt", nil, call(s.delivery)},
		{get, "/v1/deliveries/{id}/request", access.Users, answers, "get-delivery-request", "The request of a delivery, as it is sent", nil, call(s.request)},
		{post, "/v1/deliveries/{id}/redeliver", access.Users, starts, "redeliver", "Send the event of a finished delivery again", nil, call(s.redeliver)},
		{post, "/v1/deliveries/{id}/retry-now", access.Users, nudges, "retry-now", "Make the next attempt of a delivery at once", nil, call(s.retryNow)},
		{post, "/v1/deliveries/{id}/cancel", access.Users, answers, "cancel-delivery", "Cancel a delivery that is not finished", nil, call(s.cancel)},
	}
}
