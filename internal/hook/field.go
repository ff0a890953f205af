package hook

// FieldCode says as a constant what is wrong with a value. Together with its Params
// it says all that the sentence beside it says, so that a program can say it in
// another language. docs/errors.md lists them.
type FieldCode string

// Params are the values in a sentence, by name.
type Params map[string]any

// Field points at one bad value of a request.
type Field struct {
	// Pointer is a JSON pointer (RFC 6901) into the request body, or names a
	// parameter: ?limit, {id} or If-Match:.
	Pointer string
	Code    FieldCode
	Params  Params
	// Detail says what is wrong and what to do.
	Detail string
}

// Invalid makes an error of f alone.
func (f Field) Invalid() *Error {
	return &Error{Code: CodeInvalid, Message: f.Detail, Fields: []Field{f}}
}

// What can be wrong with a value, whatever it is.
const (
	FieldRequired   FieldCode = "required"
	FieldUnknown    FieldCode = "unknown_field"
	FieldType       FieldCode = "wrong_type"         // expected
	FieldForm       FieldCode = "wrong_form"         // expected: what the text must be
	FieldChoice     FieldCode = "not_a_choice"       // expected: the choices
	FieldRange      FieldCode = "out_of_range"       // min, max
	FieldEmpty      FieldCode = "empty"              //
	FieldTooLong    FieldCode = "too_long"           // max
	FieldCount      FieldCode = "wrong_count"        // min, max: of items
	FieldControl    FieldCode = "control_characters" //
	FieldTwice      FieldCode = "duplicate"          //
	FieldNotFound   FieldCode = "not_found"          // kind, id
	FieldDeleted    FieldCode = "deleted"            // kind, id
	FieldNotMember  FieldCode = "not_member"         // owner_id, and project_id or company_id; neither = of no project at all
	FieldArchived   FieldCode = "archived"           // id
	FieldNotAllowed FieldCode = "not_allowed"        //
	FieldFixed      FieldCode = "fixed"              // can't be changed
	FieldBeside     FieldCode = "not_beside"         // field: what it can't be beside
	FieldTime       FieldCode = "wrong_time"         // expected: past, future, after_since, before_until, within_a_year
	FieldHidden     FieldCode = "hidden_value"       // [hidden] stands for no value here
	FieldMore       FieldCode = "more"               // count: faults that are not named
	FieldSyntax     FieldCode = "malformed"          //
	FieldOther      FieldCode = "other"              // only the words say what
)

// What can be wrong with the parts of a webhook.
const (
	FieldFilter           FieldCode = "filter"              // line, column
	FieldFilterUnfinished FieldCode = "filter_unfinished"   // line, column
	FieldFilters          FieldCode = "filters_too_long"    // max, bytes
	FieldPath             FieldCode = "path"                // of same
	FieldCombinations     FieldCode = "too_many_rules"      // max, count: events x scopes
	FieldLeftOut          FieldCode = "left_out"            // event_type: not_events leaves it out whole
	FieldOwnEvent         FieldCode = "made_by_godwit"      //
	FieldSecretInUse      FieldCode = "secret_in_use"       //
	FieldURLScheme        FieldCode = "url_scheme"          // expected
	FieldURLHost          FieldCode = "url_host"            //
	FieldURLPort          FieldCode = "url_port"            //
	FieldURLUser          FieldCode = "url_user"            //
	FieldURLFragment      FieldCode = "url_fragment"        //
	FieldURLCharacters    FieldCode = "url_characters"      //
	FieldURLUnreadable    FieldCode = "url_unreadable"      //
	FieldURLNotPermitted  FieldCode = "url_not_permitted"   //
	FieldHeaderName       FieldCode = "header_name"         // header
	FieldHeaderReserved   FieldCode = "header_reserved"     // header
	FieldHeaderValue      FieldCode = "header_value"        // header
	FieldCertificate      FieldCode = "certificate"         // can't be read, or is none
	FieldExpired          FieldCode = "certificate_expired" // at
	FieldNotYet           FieldCode = "certificate_not_yet" // at
	FieldKey              FieldCode = "private_key"         // can't be read, is none, or belongs to another certificate
	FieldKeyEncrypted     FieldCode = "private_key_encrypted"
)

// What can be wrong with an event or with the schema of its type.
const (
	FieldBothNull  FieldCode = "both_null"
	FieldMismatch  FieldCode = "schema_mismatch"
	FieldSchema    FieldCode = "schema"
	FieldUnchecked FieldCode = "unchecked" // it takes too long to check
)

// FieldCodes lists every FieldCode.
var FieldCodes = []FieldCode{
	FieldRequired, FieldUnknown, FieldType, FieldForm, FieldChoice, FieldRange, FieldEmpty, FieldTooLong, FieldCount, FieldControl, FieldTwice,
	FieldNotFound, FieldDeleted, FieldNotMember, FieldArchived, FieldNotAllowed, FieldFixed, FieldBeside, FieldTime, FieldHidden, FieldMore, FieldSyntax, FieldOther,
	FieldFilter, FieldFilterUnfinished, FieldFilters, FieldPath, FieldCombinations, FieldLeftOut, FieldOwnEvent, FieldSecretInUse,
	FieldURLScheme, FieldURLHost, FieldURLPort, FieldURLUser, FieldURLFragment, FieldURLCharacters, FieldURLUnreadable, FieldURLNotPermitted,
	FieldHeaderName, FieldHeaderReserved, FieldHeaderValue, FieldCertificate, FieldExpired, FieldNotYet, FieldKey, FieldKeyEncrypted,
	FieldBothNull, FieldMismatch, FieldSchema, FieldUnchecked,
}
