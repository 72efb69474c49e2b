export function Admin({ section }: { section: string }) {
  return <p>{section}</p>;
}
