"""A figure as it will be, smaller where it does not fit."""

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget


class FigurePreview(QWidget):
    """A picture in the middle of its room, framed."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._image = QImage()
        self._fitted = QImage()
        self.setAccessibleName("Preview")
        self.setMinimumSize(300, 180)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def show_image(self, image: QImage, description: str) -> None:
        """Show a picture, or nothing where it is null."""
        self._image, self._fitted = image, QImage()
        self.setAccessibleDescription(description)
        self.update()

    def sizeHint(self) -> QSize:
        """Large enough to see what it is."""
        return QSize(640, 420)

    def paintEvent(self, event: QPaintEvent) -> None:
        """The picture in the middle, framed: its ground may be the dialog's."""
        if self._image.isNull():
            return
        ratio = self.devicePixelRatioF()
        room = (self.size() * ratio).boundedTo(self._image.size())
        size = self._image.size().scaled(room, Qt.AspectRatioMode.KeepAspectRatio)
        if self._fitted.size() != size:
            self._fitted = self._image.scaled(
                size,
                Qt.AspectRatioMode.IgnoreAspectRatio,
                Qt.TransformationMode.SmoothTransformation,
            )
        target = QRectF(0, 0, size.width() / ratio, size.height() / ratio)
        target.moveCenter(QRectF(self.rect()).center())
        painter = QPainter(self)
        try:
            painter.drawImage(target, self._fitted)
            painter.setPen(self.palette().mid().color())
            painter.drawRect(target.adjusted(0, 0, -1, -1))
        finally:
            painter.end()
