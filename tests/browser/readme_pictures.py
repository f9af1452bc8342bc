"""Takes the README's pictures from the running demo: make pictures."""

import re
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from tests.browser.conftest import ARGUMENTS, PICTURES, chromium_path

WARD_PX, HUB_PX = {"width": 1120, "height": 780}, {"width": 620, "height": 1130}
SETTLE_MS = 600


def main() -> None:
    """Play the demo in a browser's sight; keep the red alert, the offer of a hand-over, and the end."""
    PICTURES.mkdir(exist_ok=True)
    ports = ("--ward-port", "0", "--hub-port", "0", "--login-port", "0")
    command = (Path(sys.executable).with_name("pusterom"), "demo", *ports)
    with (
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as demo,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=ARGUMENTS)
        ward, nurse, hub = (browser.new_page(viewport=size) for size in (WARD_PX, WARD_PX, HUB_PX))
        assert demo.stdout is not None
        for line in demo.stdout:
            sys.stdout.write(line)
            if found := re.search(r"(ward|hub) page +(http\S+)", line):
                if found[1] == "hub":
                    hub.goto(f"{found[2]}?lang=nb")
                    continue
                for page, person in ((ward, "lege"), (nurse, "sykepleier")):
                    page.goto(found[2])
                    page.locator(f'a[href*="person={person}"]').click()
                    page.goto(f"{found[2]}?lang=en")
            if "RED opened" in line:
                _take(ward, "ward-red")
                _take(hub, "hub-red")
            if " offers Kari" in line:
                _take_handover(ward)
            if "stay up" in line:
                _take_patient(nurse)
                break
        browser.close()
        demo.terminate()


def _take_handover(ward: Page) -> None:
    ward.locator("#offers a").click()
    _take(ward, "handover")
    ward.go_back()


def _take_patient(ward: Page) -> None:
    ward.locator('a[href*="/patient/"]').first.click()
    _take(ward, "patient")


def _take(page: Page, name: str) -> None:
    page.wait_for_timeout(SETTLE_MS)
    page.screenshot(path=PICTURES / f"{name}.png")


if __name__ == "__main__":
    main()
