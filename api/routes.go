package api

import "net/http"

// routes is every operation of the API: how it is called, by whom, with which
// body, and what carries it out.
func (s *server) routes() []route {
	const get, put, post, patch, del = http.MethodGet, http.MethodPut, http.MethodPost, http.MethodPatch, http.MethodDelete
	return []route{
		{put, "/v1/companies/{id}", admin, "put-company", "Create or change a company", takes[companyForm](), call(s.putCompany)},
		{get, "/v1/companies/{id}", admin, "get-company", "One company", nil, call(s.company)},
		{del, "/v1/companies/{id}", admin, "delete-company", "Delete a company", nil, call(s.deleteCompany)},
		{get, "/v1/companies", admin, "list-companies", "All companies", nil, call(s.companies)},

		{put, "/v1/projects/{id}", admin, "put-project", "Create or change a project", takes[projectForm](), call(s.putProject)},
		{get, "/v1/projects/{id}", admin, "get-project", "One project", nil, call(s.project)},
		{del, "/v1/projects/{id}", admin, "delete-project", "Delete a project", nil, call(s.deleteProject)},
		{get, "/v1/projects", admin, "list-projects", "Projects, all or those of one company", nil, call(s.projects)},

		{put, "/v1/users/{id}", admin, "put-user", "Create or change a user", takes[userForm](), call(s.putUser)},
		{get, "/v1/users/{id}", admin, "get-user", "One user", nil, call(s.user)},
		{del, "/v1/users/{id}", admin, "delete-user", "Delete a user", nil, call(s.deleteUser)},
		{get, "/v1/users", admin, "list-users", "All users", nil, call(s.users)},

		{put, "/v1/projects/{id}/members/{user_id}", admin, "put-member", "Make a user a member of a project", nil, call(s.putMember)},
		{del, "/v1/projects/{id}/members/{user_id}", admin, "delete-member", "End a membership", nil, call(s.deleteMember)},
		{get, "/v1/projects/{id}/members", admin, "list-members", "The members of a project", nil, call(s.members)},

		{get, "/v1/event-types", admin, "list-event-types", "The catalogue of event types", nil, call(s.eventTypes)},
		{put, "/v1/event-types/{name}", admin, "put-event-type", "Add or change an event type", takes[eventTypeForm](), call(s.putEventType)},
		{del, "/v1/event-types/{name}", admin, "delete-event-type", "Delete an event type that is not built in", nil, call(s.deleteEventType)},

		{post, "/v1/events", admin, "publish-event", "Publish one event", takes[eventForm](), call(s.publish)},
		{post, "/v1/events/batch", admin, "publish-batch", "Publish up to 500 events", takes[batchForm](), call(s.publishBatch)},
		{get, "/v1/events", admin, "list-events", "Events, without their states", nil, call(s.events)},
		{get, "/v1/events/{id}", admin, "get-event", "One event as it was sent, with its deliveries", nil, call(s.event)},

		{post, "/v1/webhooks", admin, "create-webhook", "Subscribe", takes[webhookForm](), call(s.createWebhook)},
		{post, "/v1/webhooks/preview", admin, "preview-rules", "What rules would have matched; writes nothing", takes[previewForm](), call(s.preview)},
		{post, "/v1/webhooks/{id}/explain", admin, "explain-event", "Why an event did or did not go to a webhook", takes[explainForm](), call(s.explain)},
		{get, "/v1/webhooks", admin, "list-webhooks", "Webhooks", nil, call(s.webhooks)},
		{get, "/v1/webhooks/{id}", admin, "get-webhook", "One webhook", nil, call(s.webhook)},
		{patch, "/v1/webhooks/{id}", admin, "patch-webhook", "Change a webhook (merge patch)", takes[webhookPatch](), call(s.patchWebhook)},
		{post, "/v1/webhooks/{id}/enable", admin, "enable-webhook", "Probe a webhook, and switch it on if it answers", takes[enableForm](), call(s.enable)},
		{post, "/v1/webhooks/{id}/disable", admin, "disable-webhook", "Switch a webhook off; what matches is held", takes[disableForm](), call(s.disable)},
		{del, "/v1/webhooks/{id}", admin, "delete-webhook", "Delete a webhook", nil, call(s.deleteWebhook)},
		{post, "/v1/webhooks/{id}/test", admin, "test-webhook", "Send a test event to a webhook alone, whatever its rules", takes[testForm](), call(s.test)},
		{post, "/v1/webhooks/{id}/recover", admin, "recover-webhook", "Send many deliveries of a webhook again", takes[recoverForm](), call(s.recoverWebhook)},
		{get, "/v1/webhooks/{id}/recoveries", admin, "list-recoveries", "What was sent again to a webhook", nil, call(s.recoveries)},
		{get, "/v1/webhooks/{id}/recoveries/{recovery_id}", admin, "get-recovery", "Where sending many deliveries again stands", nil, call(s.recovery)},
		{del, "/v1/webhooks/{id}/recoveries/{recovery_id}", admin, "cancel-recovery", "Send no more of them again", nil, call(s.cancelRecovery)},
		{get, "/v1/webhooks/{id}/health", admin, "get-webhook-health", "How a webhook has been doing", nil, call(s.health)},
		{get, "/v1/webhooks/{id}/ledger", admin, "get-webhook-ledger", "Where everything that matched a webhook stands", nil, call(s.ledger)},
		{get, "/v1/stats", admin, "get-stats", "What happened lately, and what waits", nil, call(s.stats)},

		{get, "/v1/deliveries", admin, "list-deliveries", "Deliveries", nil, call(s.deliveries)},
		{get, "/v1/deliveries/{id}", admin, "get-delivery", "One delivery with every attempt", nil, call(s.delivery)},
		{post, "/v1/deliveries/{id}/redeliver", admin, "redeliver", "Send the event of a finished delivery again", nil, call(s.redeliver)},
		{post, "/v1/deliveries/{id}/retry-now", admin, "retry-now", "Make the next attempt of a delivery at once", nil, call(s.retryNow)},
		{post, "/v1/deliveries/{id}/cancel", admin, "cancel-delivery", "Cancel a delivery that is not finished", nil, call(s.cancel)},
	}
}
