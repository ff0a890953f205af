package api

// Settings are those of the process that GET /v1/system shows; none is secret.
type Settings struct {
	Temporal         SystemTemporal `json:"temporal" doc:"The Temporal server that carries deliveries"`
	RetrySchedule    []string       `json:"retry_schedule" nullable:"false" maxItems:"4" doc:"The waits between the five attempts, such as 5s"`
	RecoverySchedule []string       `json:"recovery_schedule" nullable:"false" doc:"The waits between the probes of a webhook that was switched off; the last one repeats"`
	RecoveryWindow   string         `json:"recovery_window" doc:"How long such a webhook is probed"`
	DeliveryTimeout  string         `json:"delivery_timeout" doc:"How long one attempt may take where the webhook does not say"`
	Retention        string         `json:"retention" doc:"How long events and all that belongs to them are kept"`
	AuditRetention   string         `json:"audit_retention" doc:"How long the audit log is kept"`
	EgressAllow      []string       `json:"egress_allow" nullable:"false" doc:"Networks that may be delivered to although they are not public"`
	AllowHTTP        bool           `json:"allow_http" doc:"Whether a webhook's URL may be plain http"`
	Mail             bool           `json:"mail" doc:"Whether Godwit sends mail to owners"`
	PublicURL        *string        `json:"public_url" format:"uri" doc:"The base of links in mail; null = there are none"`
	PublishRate      int            `json:"publish_rate" minimum:"0" doc:"How many requests a second one key may publish with; 0 = any number"`
	ManagementRate   int            `json:"management_rate" minimum:"0" doc:"The same for all other requests"`
	Limits           SystemLimits   `json:"limits" doc:"The limits of users and companies, unless a company has its own; 0 = any number"`
}

// SystemLimits are the installation's limits of users and companies.
type SystemLimits struct {
	UserWebhooks     int64 `json:"user_webhooks" doc:"Webhooks of one user"`
	UserRules        int64 `json:"user_rules" doc:"Rules in all webhooks of one user"`
	UserTestRate     int64 `json:"user_test_rate" doc:"Test events a minute to the webhooks of one user"`
	UserStoredBytes  int64 `json:"user_stored_bytes" doc:"Bytes that the test events of one user take up"`
	CompanyEventRate int64 `json:"company_event_rate" doc:"Events a second of one company, in each process"`
	CompanyByteRate  int64 `json:"company_byte_rate" doc:"Bytes a second of the events of one company, in each process"`
}

// SystemTemporal is where Temporal is.
type SystemTemporal struct {
	Address   string  `json:"address" doc:"host:port of its frontend"`
	Namespace string  `json:"namespace" doc:"The namespace of Godwit's workflows"`
	UIURL     *string `json:"ui_url" format:"uri" doc:"Its Web UI; null when none is set up"`
}
