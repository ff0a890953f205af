package api

import (
	"context"

	"godwit/internal/eventjson/strict"
	"godwit/internal/hook"
)

type testForm struct {
	Type     string   `json:"type,omitempty" doc:"A name of the catalogue; when left out, the first one that the webhook's first rule is about"`
	Previous state    `json:"previous,omitempty" doc:"The state before; null = none. When neither is given, both are the catalogue's example"`
	Current  state    `json:"current,omitempty" doc:"The state after; null = none"`
	_        struct{} `additionalProperties:"false"`
}

func (f testForm) check() []hook.Field {
	var bad []hook.Field
	if f.Type != "" && !hook.ValidTypeName(f.Type) {
		bad = append(bad, hook.Field{Code: hook.FieldForm, Params: hook.Params{"expected": "event_type"}, Pointer: "/type", Detail: "must be the name of an event type of the catalogue (GET /v1/event-types)"})
	}
	for pointer, value := range map[string]state{"/previous": f.Previous, "/current": f.Current} {
		if value != nil && !strict.IsObject(value) {
			bad = append(bad, hook.Field{Code: hook.FieldType, Params: hook.Params{"expected": "object"}, Pointer: pointer, Detail: "must be a JSON object or null"})
		}
	}
	return bad
}

type testAnswer struct {
	DeliveryID string `json:"delivery_id" doc:"The delivery that carries the test"`
	EventID    string `json:"event_id" doc:"The test event"`
}

type testReply struct {
	Location string `header:"Location" doc:"Path of the delivery"`
	Body     testAnswer
}

func (s *server) test(ctx context.Context, in *switchInput) (*testReply, error) {
	if err := pathID(in.ID); err != nil {
		return nil, err
	}
	form, bad, err := decodeForm[testForm](orEmpty(in.raw))
	if err == nil {
		err = withUnknown(append(bad, form.check()...), func() error { return s.noType(ctx, form.Type) })
	}
	if err != nil {
		return nil, err
	}
	test := hook.TestEvent{WebhookID: in.ID, Type: form.Type, Previous: []byte(form.Previous), Current: []byte(form.Current)}
	eventID, deliveryID, err := s.Store.SendTest(ctx, test)
	if err != nil {
		return nil, err
	}
	s.wake(ctx, hook.DueDeliveries)
	if user := hook.PrincipalOf(ctx).UserID; user != "" { // who is the owner
		s.tellUser(ctx, user, hook.QuotaTestEvents, hook.QuotaStoredBytes)
	}
	return &testReply{Location: "/v1/deliveries/" + deliveryID, Body: testAnswer{DeliveryID: deliveryID, EventID: eventID}}, nil
}
