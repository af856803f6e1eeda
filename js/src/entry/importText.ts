/** Import a script that came as text; the address that it has for the moment is given back. */
export async function importText<Exports>(script: string): Promise<Exports> {
  const address = URL.createObjectURL(new Blob([script], { type: "text/javascript" }));
  try {
    return await import(/* @vite-ignore */ /* webpackIgnore: true */ address);
  } finally {
    URL.revokeObjectURL(address);
  }
}
