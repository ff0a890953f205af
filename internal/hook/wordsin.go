package hook

// The words of reasons in the languages beside English, and what to do in all of
// them. The web app says the same: a test compares its texts with these.

// germanWords are Words in German.
var germanWords = map[Reason]string{
	ReasonDNS:                 "Der Name des Empfängers wurde nicht gefunden.",
	ReasonConnectRefused:      "Der Empfänger hat die Verbindung abgewiesen.",
	ReasonConnectTimeout:      "Der Empfänger war nicht rechtzeitig erreichbar.",
	ReasonConnect:             "Es gibt keinen Weg zum Netz des Empfängers.",
	ReasonTLSExpired:          "Das Zertifikat des Empfängers ist abgelaufen oder noch nicht gültig.",
	ReasonTLSUnknownAuthority: "Das Zertifikat des Empfängers kommt von einem unbekannten Aussteller.",
	ReasonTLSHostname:         "Das Zertifikat gilt für einen anderen Namen.",
	ReasonTLS:                 "Es kam keine sichere Verbindung zustande.",
	ReasonTimeoutHeaders:      "Es kam keine Antwort innerhalb der Zeit.",
	ReasonTimeoutBody:         "Die Antwort wurde nicht rechtzeitig fertig.",
	ReasonReset:               "Die Verbindung wurde ohne Antwort getrennt.",
	ReasonProtocol:            "Das war keine Antwort eines Webservers.",
	ReasonRedirect:            "Der Empfänger verweist auf eine andere Adresse.",
	ReasonBlockedAddress:      "Dorthin darf Godwit nicht senden.",
	ReasonStatus4xx:           "Der Empfänger lehnt ab.",
	ReasonStatus5xx:           "Beim Empfänger gab es einen Fehler.",
	ReasonStatus429:           "Das war dem Empfänger zu viel auf einmal.",
	ReasonStatusOther:         "Der Empfänger gab eine unbekannte Antwort.",
	ReasonGone:                "Den Empfänger gibt es nicht mehr (410).",
	ReasonWorkerLost:          "Godwit wurde beim Senden unterbrochen.",
	ReasonInternal:            "In Godwit ist etwas schiefgegangen.",
	ReasonExhausted:           "Alle Versuche sind gescheitert.",
	ReasonWebhookDisabled:     "Der Webhook ist aus.",
	ReasonWebhookDeleted:      "Der Webhook wurde gelöscht.",
	ReasonProjectDeleted:      "Das Projekt wurde gelöscht.",
	ReasonMembershipLost:      "Der Eigentümer ist kein Mitglied des Projekts mehr.",
	ReasonCancelledByOwner:    "Von jemandem abgebrochen.",
	ReasonPayloadExpunged:     "Der Inhalt des Ereignisses wurde entfernt.",
	ReasonExpired:             "Es hat länger gewartet, als dieser Webhook erlaubt.",
}

// polishWords are Words in Polish.
var polishWords = map[Reason]string{
	ReasonDNS:                 "Nie znaleziono nazwy odbiorcy.",
	ReasonConnectRefused:      "Odbiorca odrzucił połączenie.",
	ReasonConnectTimeout:      "Nie udało się połączyć na czas.",
	ReasonConnect:             "Brak drogi do sieci odbiorcy.",
	ReasonTLSExpired:          "Certyfikat odbiorcy wygasł albo jeszcze nie obowiązuje.",
	ReasonTLSUnknownAuthority: "Certyfikat pochodzi od nieznanego wystawcy.",
	ReasonTLSHostname:         "Certyfikat wystawiono na inną nazwę.",
	ReasonTLS:                 "Nie powstało bezpieczne połączenie.",
	ReasonTimeoutHeaders:      "Brak odpowiedzi w wyznaczonym czasie.",
	ReasonTimeoutBody:         "Odpowiedź nie skończyła się na czas.",
	ReasonReset:               "Odbiorca zerwał połączenie bez odpowiedzi.",
	ReasonProtocol:            "To nie jest odpowiedź serwera WWW.",
	ReasonRedirect:            "Odbiorca wskazuje inny adres.",
	ReasonBlockedAddress:      "Godwit nie może tam wysyłać.",
	ReasonStatus4xx:           "Odbiorca odrzuca.",
	ReasonStatus5xx:           "Błąd po stronie odbiorcy.",
	ReasonStatus429:           "Dla odbiorcy to za dużo naraz.",
	ReasonStatusOther:         "Nieznana odpowiedź odbiorcy.",
	ReasonGone:                "Odbiorcy już nie ma (410).",
	ReasonWorkerLost:          "Godwit przerwano podczas wysyłania.",
	ReasonInternal:            "Błąd w Godwit.",
	ReasonExhausted:           "Wszystkie próby zawiodły.",
	ReasonWebhookDisabled:     "Webhook jest wyłączony.",
	ReasonWebhookDeleted:      "Usunięto webhook.",
	ReasonProjectDeleted:      "Usunięto projekt.",
	ReasonMembershipLost:      "Brak członkostwa w projekcie.",
	ReasonCancelledByOwner:    "Ktoś anulował.",
	ReasonPayloadExpunged:     "Treść zdarzenia usunięto.",
	ReasonExpired:             "Czekało dłużej, niż pozwala ten webhook.",
}

// advice says what to do about a reason, by language; a reason that nothing can be
// done about has none.
var advice = map[string]map[Reason]string{
	English: {
		ReasonDNS:                 "Check the spelling of the address.",
		ReasonConnectRefused:      "Start the program that receives, or ask who runs it.",
		ReasonConnectTimeout:      "Is it up? Is a firewall in the way?",
		ReasonConnect:             "Ask who runs Godwit: there is no way to that network.",
		ReasonTLSExpired:          "The receiver's certificate must be renewed.",
		ReasonTLSUnknownAuthority: "The certificate must come from a known issuer, with its whole chain.",
		ReasonTLSHostname:         "Use the name that the certificate is for.",
		ReasonTLS:                 "Ask who runs the receiver about its TLS.",
		ReasonTimeoutHeaders:      "Answer at once and work afterwards; or raise the time limit.",
		ReasonTimeoutBody:         "Answer short.",
		ReasonReset:               "Look at the receiver's log: it hung up.",
		ReasonProtocol:            "Is there a web server at this address and port?",
		ReasonRedirect:            "Take the final address (often https, or with or without a / at the end).",
		ReasonBlockedAddress:      "Use a public address, or ask who runs Godwit.",
		ReasonStatus4xx:           "401 or 403: credentials. 404: wrong address (n8n: is the workflow on?). 400 or 422: another shape is expected.",
		ReasonStatus5xx:           "The receiver's program fails; show its people the answer.",
		ReasonStatus429:           "Lower “requests per second” in the settings.",
		ReasonStatusOther:         "Show it to the receiver's people.",
		ReasonGone:                "It wants nothing more: change the address or delete the webhook.",
		ReasonWorkerLost:          "Nothing to do, it is tried again.",
		ReasonInternal:            "Tell the people who run Godwit.",
		ReasonExhausted:           "Mend the receiver, then “Send again”.",
		ReasonWebhookDisabled:     "Switch the webhook on: it is kept.",
	},
	German: {
		ReasonDNS:                 "Schreibweise der Adresse prüfen.",
		ReasonConnectRefused:      "Läuft das empfangende Programm?",
		ReasonConnectTimeout:      "Ist er an? Blockt eine Firewall?",
		ReasonConnect:             "Betreiber von Godwit fragen.",
		ReasonTLSExpired:          "Erneuern lassen.",
		ReasonTLSUnknownAuthority: "Bekannten Aussteller und ganze Kette verwenden.",
		ReasonTLSHostname:         "Adresse mit dem richtigen Namen verwenden.",
		ReasonTLS:                 "TLS beim Empfänger prüfen lassen.",
		ReasonTimeoutHeaders:      "Sofort antworten, danach arbeiten; oder Zeitlimit erhöhen.",
		ReasonTimeoutBody:         "Kurz antworten.",
		ReasonReset:               "Protokoll des Empfängers ansehen.",
		ReasonProtocol:            "Adresse und Port prüfen.",
		ReasonRedirect:            "Die endgültige Adresse eintragen.",
		ReasonBlockedAddress:      "Öffentliche Adresse nehmen oder Betreiber fragen.",
		ReasonStatus4xx:           "401 oder 403: Zugangsdaten. 404: Adresse (n8n: ist der Workflow an?). 400 oder 422: anderes Format erwartet.",
		ReasonStatus5xx:           "Die Antwort an dessen Betreiber weitergeben.",
		ReasonStatus429:           "„Anfragen pro Sekunde“ in den Einstellungen senken.",
		ReasonStatusOther:         "An dessen Betreiber weitergeben.",
		ReasonGone:                "Adresse ändern oder Webhook löschen.",
		ReasonWorkerLost:          "Nichts zu tun, es wird wiederholt.",
		ReasonInternal:            "Betreiber informieren.",
		ReasonExhausted:           "Empfänger reparieren, dann noch einmal senden.",
		ReasonWebhookDisabled:     "Einschalten, nichts geht verloren.",
	},
	Polish: {
		ReasonDNS:                 "Sprawdź pisownię adresu.",
		ReasonConnectRefused:      "Czy program odbierający działa?",
		ReasonConnectTimeout:      "Czy odbiorca działa? Czy zapora nie blokuje?",
		ReasonConnect:             "Zapytaj administratora Godwit.",
		ReasonTLSExpired:          "Trzeba go odnowić.",
		ReasonTLSUnknownAuthority: "Użyj znanego wystawcy i pełnego łańcucha.",
		ReasonTLSHostname:         "Użyj adresu z właściwą nazwą.",
		ReasonTLS:                 "Sprawdź TLS u odbiorcy.",
		ReasonTimeoutHeaders:      "Odpowiadaj od razu, pracuj potem, albo zwiększ limit czasu.",
		ReasonTimeoutBody:         "Odpowiadaj krótko.",
		ReasonReset:               "Zajrzyj do jego logów.",
		ReasonProtocol:            "Sprawdź adres i port.",
		ReasonRedirect:            "Wpisz adres docelowy.",
		ReasonBlockedAddress:      "Użyj adresu publicznego lub zapytaj administratora.",
		ReasonStatus4xx:           "401 lub 403: dane dostępu. 404: adres (n8n: czy workflow jest włączony?). 400 lub 422: inny format.",
		ReasonStatus5xx:           "Przekaż mu odpowiedź.",
		ReasonStatus429:           "Zmniejsz „żądania na sekundę” w ustawieniach.",
		ReasonStatusOther:         "Przekaż ją odbiorcy.",
		ReasonGone:                "Zmień adres albo usuń webhook.",
		ReasonWorkerLost:          "Nic nie rób, próba zostanie powtórzona.",
		ReasonInternal:            "Powiadom administratora.",
		ReasonExhausted:           "Napraw odbiorcę i wyślij ponownie.",
		ReasonWebhookDisabled:     "Włącz go, nic nie przepadło.",
	},
}

// WordsIn is Words in one of Languages; any other is English.
func WordsIn(language string, r Reason) string {
	var words string
	switch language {
	case German:
		if words = germanWords[r]; words == "" {
			words = "Etwas ist schiefgegangen, wofür Godwit keine Worte hat."
		}
	case Polish:
		if words = polishWords[r]; words == "" {
			words = "Coś poszło nie tak, na co Godwit nie ma słów."
		}
	default:
		words = Words(r)
	}
	return words
}

// Advice says in a language what to do about a reason; "" = nothing.
func Advice(language string, r Reason) string { return advice[language][r] }
