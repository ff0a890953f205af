package command

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func parsed(t *testing.T, text string) (o object) {
	t.Helper()
	require.NoError(t, json.Unmarshal([]byte(text), &o))
	return o
}

// TestStates_SetTakesPathsOfTheExample, and says which one may be meant.
func TestStates_SetTakesPathsOfTheExample(t *testing.T) {
	const example = `{"example":{"previous":null,"current":{"id":"t1","title":"a","tags":[{"name":"x"}],"due":{"at":1.50}}}}`
	for assignment, want := range map[string]string{
		`current.title=Paint it`:       `"title":"Paint it"`,
		`current.title="7"`:            `"title":"7"`,
		`current.due.at=1.0`:           `"at":1.0`,
		`current.title={"a":[1,null]}`: `"title":{"a":[1,null]}`,
		`current.tags.0.name=y`:        `"tags":[{"name":"y"}]`,
		`current.due=null`:             `"due":null`,
		`current={"id":"t2"}`:          `{"id":"t2"}`,
		`current.title=a=b`:            `"title":"a=b"`,
		`previous={"id":"t1"}`:         `"title":"a"`,
	} {
		s := statesOf(parsed(t, example), "example.")
		require.NoError(t, s.set([]string{assignment}), assignment)
		raw, err := json.Marshal(s.fields["current"])
		require.NoError(t, err)
		require.Contains(t, string(raw), want)
	}
	for assignment, want := range map[string]string{
		`current.titel=x`:       "there is no current.titel in the example; did you mean title?",
		`current.due.when=x`:    "there is no current.due.when in the example; there are at",
		`current.tags.1.name=x`: "current.tags is a list of 1 in the example",
		`current.title.x=1`:     "current.title is no object in the example",
		`previous.title=x`:      "previous is no object in the example",
		`title=x`:               "a path begins with current or previous",
		`current.title`:         "must be PATH=VALUE",
	} {
		err := statesOf(parsed(t, example), "example.").set([]string{assignment})
		require.ErrorContains(t, err, want)
		require.True(t, errors.As(err, new(misused)))
	}
	free := statesOf(object{}, "")
	require.NoError(t, free.set([]string{"current.a.b=1"}), "without an example any path is right")
	require.Equal(t, map[string]any{"a": map[string]any{"b": json.Number("1")}}, free.fields["current"])
}

func TestMoment_IsAgoOrATime(t *testing.T) {
	now := time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)
	for text, want := range map[string]string{
		"": "", "2h": "2026-05-04T10:00:00Z", "7d": "2026-04-27T12:00:00Z", "1.5d": "2026-05-03T00:00:00Z", "2026-05-04T09:30:00+02:00": "2026-05-04T07:30:00Z",
	} {
		got, err := moment("since", text, now)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	for _, text := range []string{"yesterday", "-2h", "2", "d", "2026-05-04"} {
		_, err := moment("since", text, now)
		require.ErrorContains(t, err, "--since must be how long ago")
	}
}

// TestClean_LeavesATerminalAlone: names come from other people.
func TestClean_LeavesATerminalAlone(t *testing.T) {
	o := parsed(t, `{"name":"a\u001b[31mb\u0007\nc\u202e","rules":[{"events":["A","B"]},{"events":["C"]}]}`)
	require.Equal(t, "a[31mb c", o.text("name"))
	require.Equal(t, "A, B, C", o.text("rules.events"))
	require.Empty(t, o.text("rules.none.x"))
}

// TestCurl_WritesARequestForAShell, whatever is in its body.
func TestCurl_WritesARequestForAShell(t *testing.T) {
	body := `{"a":"it's $HOME ` + "`x`" + ` \\ \" ! %s"}`
	raw, err := json.Marshal(map[string]any{"url": "https://example.com/a?b='c", "headers": map[string]string{"X-A": "it's"}, "body": body})
	require.NoError(t, err)
	text := strings.Replace(curlOf(parsed(t, string(raw)), ""), "curl ", "printf '%s\\n' ", 1)
	out, err := exec.CommandContext(t.Context(), "sh", "-c", text).Output()
	require.NoError(t, err)
	require.Equal(t, "-sS\n-X\nPOST\nhttps://example.com/a?b='c\n-H\nX-A: it's\n--data-binary\n"+body+"\n", string(out))
}

func TestStands_KnowsPatternsOfRules(t *testing.T) {
	rule := parsed(t, `{"events":["TODO_*","*_PAID"],"not_events":["TODO_MOVED"],"all_of":[{"events":["COMMENT_CREATED"]}]}`)
	for name, want := range map[string]bool{"TODO_CREATED": true, "TODO_MOVED": false, "INVOICE_PAID": true, "COMMENT_CREATED": true, "COMMENT_DELETED": false} {
		require.Equal(t, want, isAbout(rule, name), name)
	}
}

// TestWithID_KeepsTheBytesOfAnEvent that has an id, and of the rest of one that has none.
func TestWithID_KeepsTheBytesOfAnEvent(t *testing.T) {
	for line, want := range map[string]string{
		`{"type":"A", "n":1.0}`:   `{"id":"cli-1","type":"A", "n":1.0}`,
		`{ }`:                     `{"id":"cli-1"}`,
		`{"id":"x","n":1.0}`:      `{"id":"x","n":1.0}`,
		`{"current":{"id":null}}`: `{"id":"cli-1","current":{"id":null}}`,
	} {
		got, err := withID([]byte(line), "cli-1")
		require.NoError(t, err)
		require.Equal(t, want, string(got))
	}
	for _, line := range []string{`{"id": null, "type":"TODO_CREATED"}`, `[1]`, `{"a":`, `x`, `null`} {
		_, err := withID([]byte(line), "cli-1")
		require.Error(t, err)
	}
}

// TestVerdict_IsASentence for each code that docs/errors.md lists.
func TestVerdict_IsASentence(t *testing.T) {
	page, err := os.ReadFile("../../../docs/errors.md")
	require.NoError(t, err)
	_, page, _ = bytes.Cut(page, []byte("\n## Explain\n"))
	page, _, _ = bytes.Cut(page, []byte("\n## "))
	rows := regexp.MustCompile("(?m)^\\| `(\\w+)` \\| (.*?) \\|").FindAllStringSubmatch(string(page), -1)
	require.Len(t, rows, len(verdicts))
	for _, row := range rows {
		var params []string
		for _, name := range strings.Fields(row[2]) {
			params = append(params, fmt.Sprintf("%q:%q", strings.Trim(name, "`,"), "a value"))
		}
		got := verdict(parsed(t, `{"code":"`+row[1]+`","reason":"words of the API","params":{`+strings.Join(params, ",")+`}}`))
		require.True(t, strings.HasSuffix(got, "."), row[1])
		require.NotRegexp(t, `[{}]|words of the API| \.|: \.|^ `, got, row[1])
		require.Equal(t, strings.Count(verdicts[row[1]], "{"), strings.Count(got, "a value"), row[1])
	}
	require.Equal(t, "words of the API", verdict(parsed(t, `{"code":"new","reason":"words of the API"}`)))
}
