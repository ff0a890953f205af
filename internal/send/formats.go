package send

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"time"

	"godwit/internal/hook"
)

const (
	contentJSON        = "application/json"
	contentCloudEvents = "application/cloudevents+json"
	// envelopeBytes is about what a body needs beside its two states.
	envelopeBytes = 768
)

// body gives the request body in the webhook's format, and its media type. A
// format that it doesn't know is the standard one. public is the base of links in
// chat messages.
func (m Message) body(public string) (contentType string, body []byte) {
	b := make([]byte, 0, envelopeBytes+len(m.Event.Previous)+len(m.Event.Current))
	switch m.Webhook.PayloadFormat {
	case hook.FormatBlue:
		return contentJSON, m.appendBlue(b)
	case hook.FormatCloudEvents:
		return contentCloudEvents, m.appendCloudEvent(b)
	case hook.FormatSlack:
		return contentJSON, appendSlack(b, m.chat(public))
	case hook.FormatDiscord:
		return contentJSON, appendDiscord(b, m.chat(public))
	case hook.FormatTeams:
		return contentJSON, appendTeams(b, m.chat(public))
	default:
		return contentJSON, m.appendStandard(b)
	}
}

// appendStandard follows the Standard Webhooks payload: type, timestamp, data.
func (m Message) appendStandard(b []byte) []byte {
	b = appendField(b, `{"type":`, m.Event.Type)
	b = appendField(b, `,"timestamp":`, timestamp(m.Event.OccurredAt))
	b = appendField(b, `,"data":{"id":`, m.Event.ID)
	b = append(b, `,"sequence":`...)
	if m.Event.Sequence == 0 {
		b = append(b, "null"...)
	} else {
		b = strconv.AppendInt(b, m.Event.Sequence, 10)
	}
	b = append(b, ',')
	return append(m.appendData(b), "}}"...)
}

// appendCloudEvent follows CloudEvents 1.0 in structured mode. source, id is
// unique per event, as section 3.1.1 asks.
func (m Message) appendCloudEvent(b []byte) []byte {
	b = appendField(b, `{"specversion":"1.0","id":`, m.Event.ID)
	b = appendField(b, `,"source":`, m.source())
	b = appendField(b, `,"type":`, m.Event.Type)
	b = appendField(b, `,"time":`, timestamp(m.Event.OccurredAt))
	if m.Event.Sequence != 0 {
		// The extension "sequence": text that sorts as the numbers do.
		b = fmt.Appendf(b, `,"sequence":"%019d"`, m.Event.Sequence)
	}
	b = append(b, `,"datacontenttype":"application/json","data":{`...)
	return append(m.appendData(b), "}}"...)
}

// source is a URI reference (RFC 3986) to where the event happened. A probe
// happens at its webhook.
func (m Message) source() string {
	if m.Event.ProjectID == "" {
		return "/webhooks/" + url.PathEscape(m.Webhook.ID)
	}
	return "/companies/" + url.PathEscape(m.Event.CompanyID) + "/projects/" + url.PathEscape(m.Event.ProjectID)
}

// appendData appends what standard and cloudevents have in common.
func (m Message) appendData(b []byte) []byte {
	b = appendParty(b, `"project":`, m.Event.ProjectID, m.Event.ProjectName)
	b = appendParty(b, `,"company":`, m.Event.CompanyID, m.Event.CompanyName)
	b = append(b, `,"actor_id":`...)
	if m.Event.ActorID == "" {
		b = append(b, "null"...)
	} else {
		b = appendString(b, m.Event.ActorID)
	}
	if m.Event.Type == hook.CombinationType {
		// Its state is what the events hold that made it fire.
		b = appendRaw(b, `,"events":`, hook.CombinationEvents(m.Event.Current))
		return append(b, `,"previous":null,"current":null`...)
	}
	b = appendRaw(b, `,"previous":`, m.Event.Previous)
	return appendRaw(b, `,"current":`, m.Event.Current)
}

func appendParty(b []byte, key, id, name string) []byte {
	b = append(b, key...)
	if id == "" {
		return append(b, "null"...)
	}
	b = appendField(b, `{"id":`, id)
	return append(appendField(b, `,"name":`, name), '}')
}

// appendBlue follows Blue's payload key for key.
func (m Message) appendBlue(b []byte) []byte {
	w := m.Blue
	if w == nil {
		w = m.Webhook.Blue()
	}
	b = appendField(b, `{"event":`, m.Event.Type)
	b = appendField(b, `,"webhook":{"id":`, m.Webhook.ID)
	b = appendField(b, `,"name":`, w.Name)
	b = appendField(b, `,"url":`, w.URL)
	b = appendField(b, `,"status":`, string(w.Status))
	b = strconv.AppendBool(append(b, `,"enabled":`...), w.Enabled)
	b = appendStrings(append(b, `,"metadata":{"events":`...), blueEvents(w.Rules))
	b = appendStrings(append(b, `,"projectIds":`...), blueProjects(w.Rules))
	b = appendRaw(b, `}},"previousValue":`, m.Event.Previous)
	return append(appendRaw(b, `,"currentValue":`, m.Event.Current), '}')
}

// blueEvents is the union over the rules, in their order; as in Blue an empty
// list means every event, so one "*" empties it. What a combination sends is an
// event of its own type.
func blueEvents(rules []hook.Rule) []string {
	var all []string
	for _, r := range rules {
		if r.Combination != nil {
			all = appendNew(all, []string{hook.CombinationType})
		}
		if slices.Contains(r.Events, "*") {
			return nil
		}
		all = appendNew(all, r.Events)
	}
	return all
}

// blueProjects is the union over the rules, in their order; as in Blue an empty
// list means every project of the owner, so one rule without a scope empties
// it. Blue has no word for a whole company: such a scope adds nothing.
func blueProjects(rules []hook.Rule) []string {
	var all []string
	for _, r := range rules {
		if len(r.Projects) == 0 && len(r.Companies) == 0 {
			return nil
		}
		all = appendNew(all, r.Projects)
	}
	return all
}

func appendNew(all, values []string) []string {
	for _, v := range values {
		if !slices.Contains(all, v) {
			all = append(all, v)
		}
	}
	return all
}

func timestamp(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }
