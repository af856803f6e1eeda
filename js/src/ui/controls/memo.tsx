import { Component, type ComponentChild, type FunctionComponent } from "preact";

/** Draw a component again only when one of its props is another value. */
export function memo<Props extends object>(Inner: FunctionComponent<Props>) {
  return class Memo extends Component<Props> {
    override shouldComponentUpdate(next: Readonly<Props>): boolean {
      const names = Object.keys(next) as (keyof Props)[];
      return (
        names.length !== Object.keys(this.props).length ||
        names.some((name) => !Object.is(next[name], this.props[name]))
      );
    }

    override render(props: Props): ComponentChild {
      return <Inner {...props} />;
    }
  };
}
