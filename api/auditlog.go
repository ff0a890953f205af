package api

import (
	"context"
	"slices"
	"time"

	"godwit/api/view"
	"godwit/internal/hook"
)

// AuditEntry is one change that someone made.
type AuditEntry struct {
	ID         string      `json:"id" pattern:"^aud_[0-9a-v]{26}$" doc:"Id that Godwit made"`
	At         time.Time   `json:"at" doc:"When it was changed"`
	Actor      auditActor  `json:"actor" doc:"Who did it"`
	Action     hook.Action `json:"action" doc:"The kind of object, and what was done to it"`
	Object     auditObject `json:"object" doc:"What was changed"`
	Before     state       `json:"before" doc:"How it was, without secrets: of an update the fields that differ, of which a hidden one stands on both sides; null where there was nothing"`
	After      state       `json:"after" doc:"How it is now, in the same form; null where there is nothing"`
	ExpungedAt *time.Time  `json:"expunged_at" doc:"When before and after were removed for good, because a user was erased; null = they were not"`
	RequestID  *string     `json:"request_id" pattern:"^[A-Za-z0-9._-]{1,128}$" doc:"The X-Request-Id of the request that did it; null = there was none"`
}

type auditActor struct {
	KeyID   string    `json:"key_id" maxLength:"128" doc:"The id of the API key or of the session; bootstrap for the key of GODWIT_ADMIN_KEY"`
	Role    hook.Role `json:"role" enum:"admin,publisher,user" doc:"What the credential might do then"`
	UserID  *string   `json:"user_id" doc:"The user whom the credential was bound to; null for others"`
	Address *string   `json:"address" maxLength:"60" doc:"The IP address that the request came from; null = it is not known"`
}

type auditObject struct {
	Kind string `json:"kind" maxLength:"40" doc:"Such as webhook; the part of action before the dot"`
	ID   string `json:"id" maxLength:"257" pattern:"^[A-Za-z0-9._:/@|=+~,!$&'()*;-]+$" doc:"Of a member: the ids of project and user, joined by a slash"`
}

func viewAudit(e hook.AuditEntry) AuditEntry {
	actor := auditActor{KeyID: e.By.KeyID, Role: e.By.Role, UserID: view.Optional(e.By.UserID)}
	if e.By.Address.IsValid() {
		actor.Address = view.Optional(e.By.Address.String())
	}
	return AuditEntry{ID: e.ID, At: e.At.UTC(), Actor: actor, Action: e.Action, Object: auditObject{Kind: e.Action.Object(), ID: e.ObjectID},
		Before: state(e.Before), After: state(e.After), ExpungedAt: view.OptionalTime(e.ExpungedAt), RequestID: view.Optional(e.By.RequestID)}
}

type auditInput struct {
	PageQuery
	Action   string  `query:"action" maxLength:"64" doc:"Only this action, such as webhook.deleted"`
	ObjectID string  `query:"object_id" maxLength:"257" pattern:"^[A-Za-z0-9._:/@|=+~,!$&'()*;-]+$" doc:"Only changes of the object with this id"`
	Actor    string  `query:"actor" doc:"Only changes by the API key, session or user with this id"`
	Since    instant `query:"since" doc:"Changed at or after"`
	Until    instant `query:"until" doc:"Changed before"`
}

func (s *server) auditLog(ctx context.Context, in *auditInput) (*listReply[AuditEntry], error) {
	page, err := in.page()
	if err != nil {
		return nil, err
	}
	if err := badParameters(idFaults([2]string{"actor", in.Actor})); err != nil {
		return nil, err
	}
	if in.Action != "" && !slices.Contains(hook.Actions, hook.Action(in.Action)) {
		return nil, badParameter(hook.Field{Pointer: "?action", Code: hook.FieldForm, Params: hook.Params{"expected": "action"}, Detail: "must be one of those that the description of this list has, such as " + string(hook.WebhookDeleted)})
	}
	filter := hook.AuditFilter{Action: hook.Action(in.Action), ObjectID: in.ObjectID, Actor: in.Actor, Since: in.Since.Time, Until: in.Until.Time}
	page.Stopped = new(hook.Cursor)
	rows, err := s.Store.AuditLog(ctx, filter, page)
	if err != nil {
		return nil, err
	}
	key := func(e hook.AuditEntry) hook.Cursor { return hook.Cursor{Time: e.At, ID: e.ID} }
	return pageOf(rows, in.PageQuery, viewAudit, key).from(page), nil
}
