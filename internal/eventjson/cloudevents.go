package eventjson

import (
	"bytes"
	"encoding/base64"
	"errors"
	"mime"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"godwit/internal/eventjson/strict"
	"godwit/internal/hook"
)

// Media types of CloudEvents 1.0 (JSON Event Format, sections 3 and 4).
const (
	MediaCloudEvent  = "application/cloudevents+json"
	MediaCloudEvents = "application/cloudevents-batch+json"
)

// ParseCloudEvent reads one event in the JSON format of CloudEvents 1.0, which is
// the body of a request in structured mode. The Item's errors are those of Parse.
//
// id, type and time are the event's id, type and time of occurrence. The extension
// attributes projectid (required) and actorid are its project and actor. Data with
// exactly the members previous and current holds both states; other data is the
// current state. All other attributes are checked for their form and not kept.
func ParseCloudEvent(body []byte) Item {
	r := attributes{reader{bad: hook.Faults{Most: hook.MaxEventFaults}}, cloudEvent}
	switch err := strict.Members(body, r.jsonMember); {
	case errors.Is(err, strict.ErrKind):
		return Item{Err: hook.Field{Code: hook.FieldType, Params: anObject, Detail: "must be a JSON object that holds one CloudEvent; a batch has Content-Type: " + MediaCloudEvents}.Invalid()}
	case err != nil:
		return Item{Err: err}
	}
	return r.end()
}

// ParseCloudEvents reads a batch, a JSON array of 1 to hook.MaxBatch events. The
// error is about the batch as a whole; see ParseBatch.
func ParseCloudEvents(body []byte) ([]Item, error) {
	var syntax *strict.SyntaxError
	items, err := itemsOf(body, ParseCloudEvent)
	switch {
	case errors.As(err, &syntax):
		return nil, err
	case err != nil || len(items) < 1 || len(items) > hook.MaxBatch:
		return nil, manyEvents("").Invalid()
	}
	return items, nil
}

// BinaryCloudEvent is a request in binary mode (CloudEvents HTTP Protocol Binding,
// section 3.1): attributes are headers, and the body is the data.
type BinaryCloudEvent struct {
	// Attributes holds the value of each header ce-<name> by <name>, in lower case,
	// percent-encoded as it was sent.
	Attributes map[string]string
	// Data is the body, in JSON.
	Data []byte
}

// Parse reads the event. Its errors are those of ParseCloudEvent, with pointers such
// as /projectid for the header ce-projectid and /data for the body.
func (b BinaryCloudEvent) Parse() Item {
	r := attributes{reader{bad: hook.Faults{Most: hook.MaxEventFaults}}, cloudEvent}
	names := make([]string, 0, len(b.Attributes))
	for name := range b.Attributes {
		names = append(names, name)
	}
	slices.Sort(names) // so that an answer names faults in one order
	for _, name := range names {
		value, err := url.PathUnescape(b.Attributes[name])
		if err != nil {
			r.fault(name, badForm("percent_encoded", "is not percent-encoded as CloudEvents asks for; write a percent sign as %25"))
			value = ""
		}
		if name == "data" || name == "data_base64" { // members of the JSON format, no attributes
			continue
		}
		r.attribute(name, value, err == nil)
	}
	if len(bytes.TrimSpace(b.Data)) > 0 {
		r.seen = append(r.seen, "data")
		if err := r.readData(b.Data); err != nil {
			return Item{Err: err}
		}
	}
	return r.end()
}

// attributes reads the attributes of a CloudEvent into an event.
type attributes struct {
	reader
	form form
}

// attributeForm is that of names (CloudEvents 1.0, section 3.1); their length is
// not checked, as the specification only advises one.
var attributeForm = regexp.MustCompile(`^[a-z0-9]+$`)

func (r *attributes) jsonMember(name string, value []byte) {
	switch name {
	case "data":
		if !strict.IsNull(value) {
			r.seen = append(r.seen, name)
			r.states(value)
		}
		return
	case "data_base64":
		r.base64Data(value)
		return
	}
	if strict.IsNull(value) {
		return // the same as none (JSON Event Format, section 2.2)
	}
	text, ok := strict.Text(value)
	if !ok && (slices.Contains(textAttributes, name) || strict.IsObject(value) || value[0] == '[') {
		r.fault(name, hook.Field{Code: hook.FieldType, Params: hook.Params{"expected": "string"}, Detail: "must be a string"})
		r.seen = append(r.seen, name)
		return
	}
	r.attribute(name, text, ok)
}

// textAttributes are those that CloudEvents and Godwit define.
var textAttributes = []string{"specversion", "id", "source", "type", "time", "subject", "datacontenttype", "dataschema", "projectid", "actorid"}

// attribute reads one attribute. known is false for a value that is no text.
func (r *attributes) attribute(name, value string, known bool) {
	r.seen = append(r.seen, name)
	if !known {
		return
	}
	refuse := func(bad bool, f hook.Field) {
		if bad {
			r.fault(name, f)
		}
	}
	switch name {
	case "specversion":
		refuse(value != "1.0", hook.Field{Code: hook.FieldChoice, Params: hook.Params{"expected": "1.0"}, Detail: "must be 1.0, the version of CloudEvents that Godwit reads"})
	case "source":
		refuse(value == "", hook.Field{Code: hook.FieldEmpty, Detail: "must not be empty: it is a URI reference that says where the event is from"})
	case "id":
		refuse(!hook.ValidID(value), idForm)
		r.event.ID = value
	case "type":
		refuse(hook.Operational(value), operationalType)
		refuse(!hook.Operational(value) && !hook.ValidTypeName(value), typeForm)
		r.event.Type = value
	case "projectid":
		refuse(!hook.ValidID(value), projectForm)
		r.event.ProjectID = value
	case "actorid":
		refuse(!hook.ValidID(value), idForm)
		r.event.ActorID = value
	case "time":
		r.event.OccurredAt = r.occurredAt(name, value)
	case "datacontenttype":
		refuse(!IsJSON(value), hook.Field{Code: hook.FieldChoice, Params: hook.Params{"expected": "application/json"}, Detail: "must be application/json, or be left out: Godwit's events hold JSON"})
	default:
		refuse(!attributeForm.MatchString(name), badForm("attribute", "is not a name of an attribute: CloudEvents allows a to z and 0 to 9"))
	}
}

// IsJSON says whether a media type is one of JSON.
func IsJSON(contentType string) bool {
	media, _, err := mime.ParseMediaType(contentType)
	return err == nil && (media == "application/json" || strings.HasSuffix(media, "+json"))
}

// base64Data reads data that is JSON in base64, as some SDKs write it.
func (r *attributes) base64Data(value []byte) {
	if strict.IsNull(value) {
		return
	}
	text, ok := strict.Text(value)
	r.seen = append(r.seen, "data")
	data, err := base64.StdEncoding.DecodeString(text)
	if !ok || err != nil {
		r.fault("data_base64", badForm("base64", "must be JSON in base64; or send it as data, as it is"))
		return
	}
	if err := r.readData(data); err != nil {
		r.fault("data_base64", hook.Field{Code: hook.FieldSyntax, Detail: "must hold JSON when it is decoded: " + err.Error()})
	}
}

// readData reads data that was not a part of checked JSON. The error is that of
// malformed JSON.
func (r *attributes) readData(data []byte) error {
	switch err := strict.Members(data, func(string, []byte) {}); {
	case errors.Is(err, strict.ErrKind):
		r.fault("data", dataForm)
	case err != nil:
		return err
	default:
		r.states(bytes.TrimSpace(data))
	}
	return nil
}

var dataForm = hook.Field{Code: hook.FieldType, Params: anObject, Detail: `must be a JSON object: the current state, or {"previous":…,"current":…}`}

// states takes data apart: an object with exactly the members previous and current
// holds both states, any other one is the current state.
func (r *attributes) states(data []byte) {
	if !strict.IsObject(data) {
		r.fault("data", dataForm)
		return
	}
	var names []string
	both := map[string][]byte{}
	_ = strict.Outline(data, func(name string, value []byte) { // checked before
		names = append(names, name)
		both[name] = value
	})
	slices.Sort(names)
	if !slices.Equal(names, []string{"current", "previous"}) {
		r.event.Current = data
		return
	}
	r.form = cloudEventOfBoth
	for _, name := range names {
		if value := both[name]; !strict.IsObject(value) && !strict.IsNull(value) {
			r.fault("data", hook.Field{Code: hook.FieldType, Params: anObject, Detail: name + " must be a JSON object or null"})
		}
	}
	r.event.Previous, r.event.Current = object(both["previous"]), object(both["current"])
	if r.event.Previous == nil && r.event.Current == nil {
		r.fault("data", bothNull)
	}
}

func object(value []byte) []byte {
	if strict.IsObject(value) {
		return value
	}
	return nil
}

func count(names []string, name string) (n int) {
	for _, one := range names {
		if one == name {
			n++
		}
	}
	return n
}

func (r *attributes) end() Item {
	for _, name := range []string{"specversion", "id", "source", "type", "projectid"} {
		if !slices.Contains(r.seen, name) {
			r.fault(name, hook.Field{Code: hook.FieldRequired, Detail: "is required (in binary mode the header ce-" + name + ")"})
		}
	}
	switch n := count(r.seen, "data"); {
	case n == 0:
		r.fault("data", hook.Field{Code: hook.FieldRequired, Detail: "is required: the event's states, as JSON"})
	case n > 1:
		r.fault("data_base64", hook.Field{Code: hook.FieldBeside, Params: hook.Params{"field": "data"}, Detail: "can't be given beside data"})
	}
	return Item{Event: r.event, Err: invalid(r.bad.Fields()), form: r.form}
}

// form is how an event was written.
type form int

const (
	ownForm          form = iota
	cloudEvent            // its data is the current state
	cloudEventOfBoth      // its data holds both states
)

// Pointer turns a JSON pointer into an event of Godwit's form, such as /project_id,
// into one that its producer knows, such as /projectid.
func (i Item) Pointer(own string) string {
	if i.form == ownForm {
		return own
	}
	head, rest, deeper := strings.Cut(strings.TrimPrefix(own, "/"), "/")
	if deeper {
		rest = "/" + rest
	}
	switch head {
	case "project_id", "actor_id":
		return "/" + strings.ReplaceAll(head, "_", "")
	case "occurred_at":
		return "/time"
	case "previous", "current":
		if i.form == cloudEventOfBoth {
			return "/data" + own
		}
		return "/data" + rest
	}
	return own
}
