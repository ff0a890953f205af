package hook

// BlueWebhook is a webhook as the format blue shows it, fixed when the event was
// accepted.
type BlueWebhook struct {
	Name    string
	URL     string
	Status  WebhookStatus
	Enabled bool
	Rules   []Rule
}

// Blue is how the format blue shows w now.
func (w Webhook) Blue() *BlueWebhook {
	return &BlueWebhook{Name: w.Name, URL: w.URL, Status: w.Status, Enabled: w.Enabled, Rules: w.Rules}
}
