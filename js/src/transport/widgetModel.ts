/** The part of anywidget's model that is used here. */
export interface WidgetModel {
  get(name: string): unknown;
  on(event: string, callback: (...given: never[]) => void): void;
  off(event: string, callback: (...given: never[]) => void): void;
  send(content: unknown): void;
  set(name: string, value: unknown): void;
  save_changes(): void;
}

/** Hear a model's events until the returned function is called. */
export function listenTo(
  model: WidgetModel,
  callbacks: Record<string, (...given: never[]) => void>,
): () => void {
  const events = Object.entries(callbacks);
  for (const [event, callback] of events) model.on(event, callback);
  return () => {
    for (const [event, callback] of events) model.off(event, callback);
  };
}
