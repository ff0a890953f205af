package api

import (
	"context"
	"slices"

	"godwit/internal/hook"
)

type webhooksInput struct {
	PageQuery
	Status    string   `query:"status" enum:"HEALTHY,DEGRADED,UNHEALTHY" doc:"Only webhooks of this health"`
	Enabled   string   `query:"enabled" enum:"true,false" doc:"Only webhooks that are enabled, or that are not"`
	OwnerID   string   `query:"owner_id" doc:"Only webhooks of this user"`
	ProjectID string   `query:"project_id" doc:"Only webhooks with a rule that names this project"`
	EventType string   `query:"event_type" doc:"Only webhooks with a rule that names this event type"`
	Matches   string   `query:"matches" doc:"Only webhooks with a rule that events of this type can match: it names the type, or has a pattern that stands for it, and does not leave it out; of a combination the parts that have to happen count. Projects, companies and filters are not looked at"`
	Reaches   string   `query:"reaches" doc:"Only webhooks with a rule that reaches this project: it names the project or its company, or neither, and the owner is a member"`
	Stuck     string   `query:"stuck" enum:"true" doc:"Only webhooks that do not go on by themselves: health or a 410 has switched them off, or no event can match one of their rules any more"`
	IDs       []string `query:"ids" maxItems:"200" pattern:"^wh_[0-9a-v]{26}$" doc:"Only these webhooks, separated by commas; those that do not exist, or that the key may not see, are left out"`
	Text      string   `query:"q" maxLength:"200" doc:"Only webhooks whose name or host holds this text in any case, or whose id begins with it"`
	Sort      string   `query:"sort" enum:"created,name,needs_attention" default:"created" doc:"created: the newest first. name: by the first 50 letters of the name, whatever their case. needs_attention: those first that were switched off by health or by a 410, then those whose last attempts failed, then all others, each by name"`
	Include   string   `query:"include" enum:"stats" doc:"stats: each row also tells how the webhook is doing"`
}

func (s *server) webhooks(ctx context.Context, in *webhooksInput) (*listReply[Webhook], error) {
	page, err := in.pageBy(in.Sort != string(hook.SortCreated))
	if err != nil {
		return nil, err
	}
	bad := idFaults([2]string{"owner_id", in.OwnerID}, [2]string{"project_id", in.ProjectID}, [2]string{"reaches", in.Reaches})
	for _, p := range [][2]string{{"event_type", in.EventType}, {"matches", in.Matches}} {
		if p[1] != "" && !hook.ValidTypeName(p[1]) {
			bad = append(bad, typeSet.parameter(p[0], []string{""})...)
		}
	}
	if slices.ContainsFunc(in.IDs, func(id string) bool { return !hook.ValidID(id) }) {
		bad = append(bad, hook.Field{Pointer: "?ids", Code: hook.FieldForm, Params: hook.Params{"expected": "id"}, Detail: "must hold ids of webhooks, separated by commas"})
	}
	if err := badParameters(bad); err != nil {
		return nil, err
	}
	text, err := TextQuery{in.Text}.text()
	if err != nil {
		return nil, err
	}
	filter := hook.WebhookFilter{Status: hook.WebhookStatus(in.Status), OwnerID: in.OwnerID, ProjectID: in.ProjectID, EventType: in.EventType, Matches: in.Matches,
		Reaches: in.Reaches, Stuck: in.Stuck != "", IDs: in.IDs, Text: text, Sort: hook.WebhookSort(in.Sort)}
	if in.Enabled != "" {
		on := in.Enabled == "true"
		filter.Enabled = &on
	}
	page.Stopped = new(hook.Cursor)
	rows, err := s.Store.Webhooks(ctx, filter, page)
	if err != nil {
		return nil, err
	}
	out := pageOf(rows, in.PageQuery, viewWebhook, filter.Sort.Cursor).from(page)
	if in.Include == "stats" {
		err = s.addStats(ctx, out.Body.Data)
	}
	return out, err
}
