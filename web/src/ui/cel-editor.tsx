import { autocompletion, closeBrackets, completionKeymap, type Completion, type CompletionContext, type CompletionResult } from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands';
import { bracketMatching, StreamLanguage, syntaxHighlighting, type StreamParser } from '@codemirror/language';
import { EditorState, StateEffect, StateField, type Text } from '@codemirror/state';
import { Decoration, EditorView, keymap, type DecorationSet } from '@codemirror/view';
import { classHighlighter } from '@lezer/highlight';
import { useEffect, useRef } from 'react';
import { nonce } from '../base';
import type { Field } from '../rules/condition';
import { spanOf, type Place } from '../rules/place';

// The editor of conditions in CEL. It is a chunk that is loaded when someone wants to
// write a condition by hand.

const variables = ['type', 'project_id', 'company_id', 'actor_id', 'occurred_at', 'previous', 'current', 'changed'];
const functions = ['has', 'size', 'contains', 'startsWith', 'endsWith', 'lowerAscii', 'upperAscii', 'matches', 'exists', 'all', 'orValue', 'timestamp', 'duration', 'getHours', 'getDayOfWeek', 'int', 'double', 'string'];

const cel: StreamParser<null> = {
  token(stream) {
    if (stream.eatSpace()) return null;
    if (stream.match('//')) {
      stream.skipToEnd();
      return 'comment';
    }
    if (stream.match(/^[rRbB]{0,2}(?:"(?:[^"\\]|\\.)*"?|'(?:[^'\\]|\\.)*'?)/)) return 'string';
    if (stream.match(/^(?:\d+(?:\.\d+)?(?:[eE][+-]?\d+)?u?)/)) return 'number';
    if (stream.match(/^(?:true|false|null)\b/)) return 'atom';
    if (stream.match(/^in\b/)) return 'keyword';
    if (stream.match(/^[A-Za-z_]\w*(?=\s*\()/)) return 'keyword';
    if (stream.match(/^[A-Za-z_]\w*/)) return variables.includes(stream.current()) ? 'variableName.special' : 'propertyName';
    if (stream.match(/^(?:&&|\|\||[=!<>]=|[-+*/%<>!?:.])/)) return 'operator';
    stream.next();
    return null;
  },
  tokenTable: {},
};

// complete offers what can stand where the cursor is: variables with their fields, and
// functions.
const complete = (fields: () => Field[]) => (context: CompletionContext): CompletionResult | null => {
  const word = context.matchBefore(/[A-Za-z_][\w.?]*/);
  if (!word && !context.explicit) return null;
  const of = (state: string): Completion[] => fields().map((f) => ({ label: `${state}.${f.path}`, type: 'property', ...(f.example && { detail: f.example.slice(0, 30) }) }));
  return {
    from: word?.from ?? context.pos,
    options: [...variables.map((label) => ({ label, type: 'variable' })), ...of('current'), ...of('previous'), ...functions.map((label) => ({ label, type: 'function', apply: `${label}(` }))],
    validFor: /^[\w.?]*$/,
  };
};

const point = StateEffect.define<Place | undefined>();

function marked(doc: Text, place: Place | undefined): DecorationSet {
  const span = place && spanOf(doc.toString(), place);
  return span ? Decoration.set(Decoration.mark({ class: 'cm-fault' }).range(span.from, span.to)) : Decoration.none;
}

// faulty underlines what the server finds wrong, until the text changes.
const faulty = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(value, change) {
    for (const e of change.effects) if (e.is(point)) return marked(change.state.doc, e.value);
    return change.docChanged ? Decoration.none : value;
  },
  provide: (field) => EditorView.decorations.from(field),
});

export interface EditorProps {
  label: string;
  help: string; // the id of what describes it
  value: string;
  onChange: (value: string) => void;
  most: number;
  fields: Field[];
  fault: Place | undefined;
}

export default function CelEditor({ label, help, value, onChange, most, fields, fault }: EditorProps) {
  const host = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView>(null);
  const now = useRef({ onChange, fields });
  now.current = { onChange, fields };
  useEffect(() => {
    const made = new EditorView({
      parent: host.current as HTMLDivElement,
      doc: value,
      extensions: [
        EditorView.cspNonce.of(nonce),
        history(),
        bracketMatching(),
        closeBrackets(),
        StreamLanguage.define(cel),
        syntaxHighlighting(classHighlighter),
        autocompletion({ override: [complete(() => now.current.fields)], icons: false }),
        keymap.of([...completionKeymap, ...historyKeymap, ...defaultKeymap]), // without Tab, which leads on
        EditorView.lineWrapping,
        EditorView.contentAttributes.of({ 'aria-label': label, 'aria-describedby': help, spellcheck: 'false', translate: 'no' }),
        EditorState.changeFilter.of((change) => change.newDoc.length <= most || change.newDoc.length < change.startState.doc.length),
        EditorView.updateListener.of((update) => {
          if (update.docChanged) now.current.onChange(update.state.doc.toString());
        }),
        faulty,
      ],
    });
    view.current = made;
    return () => made.destroy();
  }, [label, help, most]);
  useEffect(() => {
    const made = view.current;
    if (made && made.state.doc.toString() !== value) made.dispatch({ changes: { from: 0, to: made.state.doc.length, insert: value } });
  }, [value]);
  useEffect(() => {
    view.current?.dispatch({ effects: point.of(fault) });
    view.current?.contentDOM.setAttribute('aria-invalid', String(fault !== undefined));
  }, [fault?.line, fault?.column, fault?.length, value]);
  return <div ref={host} className="editor" dir="ltr" />;
}
