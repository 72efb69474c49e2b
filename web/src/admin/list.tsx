/** What stands around each list: nothing there, still loading, went wrong, there is more. */
import { texts } from "../texts";
import type { IconName } from "../ui/icons";
import { Empty, Spinner } from "../ui/parts";
import type { Pages } from "./pages";

type Props = { pages: Omit<Pages<unknown>, "change">; empty: string; icon: IconName };

export function Around({ pages, empty, icon }: Props) {
  return (
    <>
      {pages.fault && (
        <p class="fault around" role="alert">
          {pages.fault}{" "}
          <button type="button" class="text-button" onClick={pages.reload}>
            {texts.retry}
          </button>
        </p>
      )}
      {pages.busy && <Spinner label={texts.loading} />}
      {!pages.busy && !pages.fault && pages.items.length === 0 && <Empty icon={icon} title={empty} />}
      {!pages.busy && pages.more && (
        <button type="button" class="button quiet around" onClick={pages.loadMore}>
          {texts.more}
        </button>
      )}
    </>
  );
}
