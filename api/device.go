package api

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/url"
	"time"
	"unicode/utf8"

	"godwit/api/access"
	"godwit/internal/apikey"
	"godwit/internal/hook"
	"godwit/internal/id"
)

// How often one network may begin sign-ins of devices, and ask how they stand.
var (
	deviceBegins = access.Allowance{Name: "sign-ins of devices", PerSecond: 10.0 / 60, Burst: 10}
	devicePolls  = access.Allowance{Name: "polls of devices", PerSecond: 5, Burst: 20}
)

type deviceForm struct {
	Name string   `json:"name" minLength:"1" maxLength:"200" doc:"Name for people: the program and the machine. The key is called so"`
	_    struct{} `additionalProperties:"false"`
}

func (f deviceForm) check() []hook.Field { return hook.CheckName("/name", f.Name) }

type newDevice struct {
	Code            string    `json:"code" pattern:"^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$" doc:"What the person compares with the web app's page"`
	VerifyURL       string    `json:"verify_url" format:"uri" doc:"The page of the web app on which the person lets the device in; it has the code in it"`
	Poll            string    `json:"poll" pattern:"^[A-Z2-7]{26}$" doc:"The secret by which the device asks how it stands; it is nobody else's"`
	IntervalSeconds int       `json:"interval_seconds" doc:"How long to wait between two polls"`
	ExpiresAt       time.Time `json:"expires_at" doc:"Until when the person can let it in"`
}

type newDeviceReply struct{ Body newDevice }

// beginDevice makes the code that a person is to compare, and the secret by which the
// device gets its key.
func (s *server) beginDevice(ctx context.Context, in *portalInput) (*newDeviceReply, error) {
	if err := s.door.Rates.SpendOfNetwork(hook.PrincipalOf(ctx).Address, deviceBegins); err != nil {
		return nil, err
	}
	form, err := decode[deviceForm](in.raw)
	if err != nil {
		return nil, err
	}
	base, err := s.linkBase(in.Called)
	if err != nil {
		return nil, err
	}
	poll, code := rand.Text(), newDeviceCode()
	if err := s.Store.BeginDevice(ctx, hook.Device{Code: code, Name: form.Name, Address: hook.PrincipalOf(ctx).Address.String()}, apikey.Hash(poll)); err != nil {
		return nil, err
	}
	return &newDeviceReply{Body: newDevice{Code: code, VerifyURL: base + "/connect?" + url.Values{"code": {code}}.Encode(), Poll: poll,
		IntervalSeconds: int(hook.DevicePoll.Seconds()), ExpiresAt: s.Now().Add(hook.DeviceWait).UTC().Truncate(time.Second)}}, nil
}

// newDeviceCode is 34 random bits: it lasts ten minutes, and guesses need a user's key.
func newDeviceCode() string {
	letters := make([]byte, 0, 8)
	for len(letters) < cap(letters) {
		var one [1]byte
		_, _ = rand.Read(one[:])                              // ends the process rather than fail
		if n := int(one[0]); n < 12*len(hook.DeviceLetters) { // 240: each letter is as likely
			letters = append(letters, hook.DeviceLetters[n%len(hook.DeviceLetters)])
		}
	}
	return string(letters[:4]) + "-" + string(letters[4:])
}

type pollForm struct {
	Poll string   `json:"poll" minLength:"1" maxLength:"200" doc:"The secret of the answer that began it"`
	_    struct{} `additionalProperties:"false"`
}

func (f pollForm) check() []hook.Field {
	if f.Poll == "" || utf8.RuneCountInString(f.Poll) > 200 {
		return []hook.Field{{Code: hook.FieldForm, Params: hook.Params{"expected": "poll"}, Pointer: "/poll", Detail: "must be the poll of the answer that began the sign-in"}}
	}
	return nil
}

type deviceState struct {
	Status string     `json:"status" enum:"pending,approved,denied" doc:"pending: ask again after interval_seconds; approved: key is there, this once; denied: the person has refused"`
	Key    *newAPIKey `json:"key" doc:"The key; null unless the person has let the device in"`
}

// pollDevice tells a device how it stands. Its key is made now, so that none is kept.
func (s *server) pollDevice(ctx context.Context, in *Payload) (*reply[deviceState], error) {
	if err := s.door.Rates.SpendOfNetwork(hook.PrincipalOf(ctx).Address, devicePolls); err != nil {
		return nil, err
	}
	form, err := decode[pollForm](in.raw)
	if err != nil {
		return nil, err
	}
	out := deviceState{Status: "pending"}
	const over = "This sign-in is over: it was used or refused, or too much time has passed."
	_, err = s.door.Holder(ctx, hook.PrincipalOf(ctx).Address, access.Token{Text: form.Poll, Wrong: over}, func() (hook.Principal, error) {
		key := apikey.New()
		k := hook.APIKey{ID: id.New(id.Key), Role: hook.RoleUser, Prefix: apikey.Prefix(key), ExpiresAt: s.Now().Add(hook.DeviceKeyAge).UTC().Truncate(time.Second)}
		d, k, err := s.Store.UseDevice(ctx, apikey.Hash(form.Poll), k, apikey.Hash(key))
		switch {
		case err != nil || d.Approved == nil:
		case *d.Approved:
			out = deviceState{Status: "approved", Key: &newAPIKey{APIKey: viewAPIKey(k), Key: key}}
		default:
			out.Status = "denied"
		}
		return hook.Principal{}, err
	})
	return &reply[deviceState]{Body: out}, err
}

type deviceAnswerForm struct {
	Code    string   `json:"code" minLength:"1" maxLength:"20" doc:"The code in the terminal, as a person types it"`
	Approve *bool    `json:"approve,omitempty" doc:"true lets the device in, false refuses it; left out it is only shown"`
	_       struct{} `additionalProperties:"false"`
}

func (f deviceAnswerForm) check() []hook.Field {
	if _, ok := hook.DeviceCode(f.Code); !ok {
		return []hook.Field{{Code: hook.FieldForm, Params: hook.Params{"expected": "device_code"}, Pointer: "/code", Detail: "must be the code in the terminal, such as BCDF-GHJK"}}
	}
	return nil
}

// Device is a command line that waits, as a person sees it.
type Device struct {
	Code      string    `json:"code" doc:"The code that must be the one in the terminal"`
	Name      string    `json:"name" doc:"What it calls itself"`
	Address   string    `json:"address" doc:"Where it called from"`
	CreatedAt time.Time `json:"created_at" doc:"When it began"`
	ExpiresAt time.Time `json:"expires_at" doc:"Until when it can be let in"`
	Status    string    `json:"status" enum:"pending,approved,denied" doc:"What was said about it"`
}

// answerDevice shows a device to a user, and takes what the user says. The key that
// leads from it is one of that user.
func (s *server) answerDevice(ctx context.Context, in *Payload) (*reply[Device], error) {
	form, err := decode[deviceAnswerForm](in.raw)
	if err != nil {
		return nil, err
	}
	if hook.PrincipalOf(ctx).Role != hook.RoleUser {
		return nil, access.NewProblem(access.CodeForbidden, fmt.Sprintf("Only a user lets a device in, for its own key; an admin's key is given to it by %q.", "godwit login --key -"))
	}
	code, _ := hook.DeviceCode(form.Code) // check has read it
	d, err := s.Store.AnswerDevice(ctx, code, form.Approve)
	if err != nil {
		return nil, err
	}
	out := Device{Code: d.Code, Name: d.Name, Address: d.Address, CreatedAt: d.CreatedAt, ExpiresAt: d.ExpiresAt, Status: "pending"}
	if d.Approved != nil {
		out.Status = map[bool]string{true: "approved", false: "denied"}[*d.Approved]
	}
	return &reply[Device]{Body: out}, nil
}
