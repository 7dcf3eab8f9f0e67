"""Light and dark: two neutral palettes for the Fusion style, and the style sheet on them."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QFont, QFontInfo, QIcon, QPainter, QPalette, QPixmap
from PySide6.QtWidgets import QApplication

from cnn_explorer.io.resources import resource

_ROLES = {
    QPalette.ColorRole.Window: ("#f2f3f5", "#1b1d21"),
    QPalette.ColorRole.WindowText: ("#1c2029", "#e6e8ec"),
    QPalette.ColorRole.Base: ("#ffffff", "#24272c"),
    QPalette.ColorRole.AlternateBase: ("#f2f4f6", "#2b2f35"),
    QPalette.ColorRole.Text: ("#1c2029", "#e6e8ec"),
    QPalette.ColorRole.Button: ("#ffffff", "#2b2f35"),
    QPalette.ColorRole.ButtonText: ("#1c2029", "#e6e8ec"),
    QPalette.ColorRole.BrightText: ("#ffffff", "#ffffff"),
    QPalette.ColorRole.ToolTipBase: ("#1c2029", "#e6e8ec"),
    QPalette.ColorRole.ToolTipText: ("#ffffff", "#1b1d21"),
    QPalette.ColorRole.PlaceholderText: ("#646c7a", "#9aa3b0"),
    QPalette.ColorRole.Highlight: ("#1c2029", "#e6e8ec"),
    QPalette.ColorRole.HighlightedText: ("#ffffff", "#1b1d21"),
    QPalette.ColorRole.Link: ("#1d5fae", "#8fc6ff"),
    QPalette.ColorRole.LinkVisited: ("#1d5fae", "#8fc6ff"),
    QPalette.ColorRole.Light: ("#ffffff", "#3a3f47"),
    QPalette.ColorRole.Midlight: ("#e8eaee", "#33373e"),
    QPalette.ColorRole.Mid: ("#d4d8de", "#3d434b"),
    QPalette.ColorRole.Dark: ("#a8afba", "#575e69"),
    QPalette.ColorRole.Shadow: ("#6b7380", "#0e0f11"),
    QPalette.ColorRole.Accent: ("#1c2029", "#e6e8ec"),
}
LEGIBLE = 18
"""Pixels of text that a class can read."""

_DISABLED = ("#9aa1ac", "#6f7783")

WARNING = ("#a02419", "#ff9b8f")
_RIGHT = ("#1d6b3a", "#7fd39a")

_SHEET = """
QToolTip {{ border: 0; padding: 4px 6px; }}
QFrame#card {{ background: palette(base); border: 1px solid palette(mid); border-radius: 8px; }}
QLabel[role="heading"] {{ font-weight: 600; }}
QLabel[role="quiet"] {{ color: palette(placeholder-text); }}
QLabel[role="warning"] {{ color: {warning}; }}
QLabel[role="right"] {{ color: {right}; }}
QLabel[role="grip"] {{ color: palette(dark); font-size: 7px; max-height: 9px; }}
QScrollBar:vertical {{ width: 10px; background: transparent; }}
QScrollBar:horizontal {{ height: 10px; background: transparent; }}
QScrollBar::handle {{ background: palette(mid); border-radius: 4px; margin: 1px; }}
QScrollBar::handle:vertical {{ min-height: 24px; }}
QScrollBar::handle:horizontal {{ min-width: 24px; }}
QScrollBar::handle:hover {{ background: palette(dark); }}
QScrollBar::add-line, QScrollBar::sub-line {{ width: 0; height: 0; }}
QScrollBar::add-page, QScrollBar::sub-page {{ background: transparent; }}
QToolButton[segment] {{ padding: 3px 6px; }}
QToolButton[segment="first"] {{ border-top-right-radius: 0; border-bottom-right-radius: 0; }}
QToolButton[segment="middle"] {{ border-radius: 0; border-left: 0; }}
QToolButton[segment="last"] {{ border-top-left-radius: 0; border-bottom-left-radius: 0;
                              border-left: 0; }}
QTabWidget::pane {{ border: 0; border-top: 1px solid palette(mid); }}
QTabBar::tab {{ padding: 6px 12px; border: 0; border-bottom: 2px solid transparent;
                color: palette(placeholder-text); }}
QTabBar::tab:selected {{ color: palette(text); border-bottom-color: palette(text); }}
QTabBar::tab:focus {{ background: palette(midlight); }}
QToolBar {{ spacing: 6px; padding: 4px 8px; border: 0; border-bottom: 1px solid palette(mid);
            background: palette(base); }}
QDockWidget > QWidget {{ background: palette(base); }}
QStatusBar {{ border-top: 1px solid palette(mid); background: palette(base); }}
QStatusBar::item {{ border: 0; }}
QToolButton {{ border: 1px solid palette(mid); border-radius: 5px; padding: 3px 8px;
               background: palette(button); }}
QToolButton:hover {{ background: palette(midlight); }}
QToolButton:pressed {{ background: palette(mid); }}
QToolButton:focus {{ border-color: palette(text); }}
QToolButton:disabled {{ color: {disabled}; }}
QToolButton:checked {{ background: palette(highlight); color: palette(highlighted-text);
                       border-color: palette(highlight); }}
QToolButton::menu-indicator {{ width: 0; image: none; }}
QToolButton[flat="true"] {{ border-color: transparent; background: transparent; padding: 3px; }}
QToolButton[flat="true"]:hover {{ background: palette(midlight); }}
QToolButton[flat="true"]:focus {{ border-color: palette(text); }}
"""


def is_dark(app: QApplication, theme: str) -> bool:
    """Whether a theme, "light", "dark" or "system", is dark on this desktop now."""
    if theme == "system":
        return app.styleHints().colorScheme() is Qt.ColorScheme.Dark
    return theme == "dark"


def apply_theme(app: QApplication, theme: str) -> None:
    """Give the whole program a palette and its style sheet."""
    dark = is_dark(app, theme)
    use_palette(palette_of(dark))
    app.setStyleSheet(sheet_of(dark))


def palette_of(dark: bool) -> QPalette:
    """The light palette or the dark one."""
    palette = QPalette()
    for role, colours in _ROLES.items():
        palette.setColor(role, QColor(colours[dark]))
    for role in (
        QPalette.ColorRole.WindowText,
        QPalette.ColorRole.Text,
        QPalette.ColorRole.ButtonText,
    ):
        palette.setColor(QPalette.ColorGroup.Disabled, role, QColor(_DISABLED[dark]))
    return palette


def use_palette(palette: QPalette) -> None:
    """Give a palette to all widgets, and its own to check boxes."""
    QApplication.setPalette(palette)
    # It takes text, whatever its stub says.
    QApplication.setPalette(box_palette(palette), "QCheckBox")  # type: ignore[arg-type]


def box_palette(palette: QPalette) -> QPalette:
    """A palette for check boxes: Fusion frames them darker than the window, so not to be seen."""
    result = QPalette(palette)
    frame = palette.color(QPalette.ColorRole.PlaceholderText)
    result.setColor(QPalette.ColorRole.Window, frame.lighter(140))
    return result


def sheet_of(dark: bool) -> str:
    """The style sheet on such a palette, which has to be the application's."""
    return _SHEET.format(warning=WARNING[dark], right=_RIGHT[dark], disabled=_DISABLED[dark])


def smaller(font: QFont, share: float) -> float:
    """Points of a share of a font's size; text that a class can read stays so."""
    pixels = max(QFontInfo(font).pixelSize(), 1)
    least = LEGIBLE / pixels if pixels >= LEGIBLE else 0.0
    return max(1.0, font.pointSizeF() * max(share, least))


def icon(name: str, palette: QPalette) -> QIcon:
    """An icon of the program, painted in the palette's text colour."""
    result = QIcon()
    source = QIcon(str(resource("icons", f"{name}.svg")))
    for side in (18, 36):
        for mode, group in (
            (QIcon.Mode.Normal, QPalette.ColorGroup.Active),
            (QIcon.Mode.Disabled, QPalette.ColorGroup.Disabled),
        ):
            result.addPixmap(
                _painted(source, side, palette.color(group, QPalette.ColorRole.ButtonText)), mode
            )
        checked = palette.color(QPalette.ColorRole.HighlightedText)
        result.addPixmap(_painted(source, side, checked), QIcon.Mode.Normal, QIcon.State.On)
    return result


def _painted(source: QIcon, side: int, colour: QColor) -> QPixmap:
    pixmap = QPixmap(source.pixmap(side, side))
    painter = QPainter(pixmap)
    painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_SourceIn)
    painter.fillRect(pixmap.rect(), colour)
    painter.end()
    return pixmap
