"""One table of actions, from which menus, toolbar, shortcuts and tooltips are made."""

from dataclasses import dataclass

from PySide6.QtCore import QObject
from PySide6.QtGui import QAction, QActionGroup, QKeySequence, QPalette
from PySide6.QtWidgets import QMenu, QMenuBar

from cnn_explorer.core.building import KINDS
from cnn_explorer.core.code import Library
from cnn_explorer.gui.theme import icon
from cnn_explorer.io.lessons import LESSONS
from cnn_explorer.io.networks import BUNDLED


@dataclass(frozen=True)
class ActionSpec:
    """One command.

    Parameters
    ----------
    name
        What the code calls it.
    menu
        Path of menus, joined by "/"; a new group begins where `rule` is set.
    text
        As in the menu.
    tip
        What it does, in a sentence or less; the shortcut is added.
    shortcuts
        Key sequences; the first is shown.
    icon
        Name of a file in resources/icons, without ending.
    group
        Actions of one group exclude each other.
    checkable, rule
        Whether it stays pressed; whether a line stands above it.
    """

    name: str
    menu: str
    text: str
    tip: str
    shortcuts: tuple[str, ...] = ()
    icon: str = ""
    group: str = ""
    checkable: bool = False
    rule: bool = False


ACTIONS: tuple[ActionSpec, ...] = (
    ActionSpec("new", "&File", "&New", "Begin anew, with the drawing and the network of the first start", ("Ctrl+N",)),
    ActionSpec("open", "&File", "&Open…", "Open a session, an image, digits or a network, whichever the file holds", ("Ctrl+O",), "open"),
    ActionSpec("save", "&File", "&Save", "Save drawing, network, scenes and what is on screen as a session", ("Ctrl+S",), rule=True),
    ActionSpec("save_as", "&File", "Save &as…", "Save the session as another file", ("Ctrl+Shift+S",)),
    ActionSpec("open_image", "&File", "Open &image…", "Open an image as the drawing", ("Ctrl+Shift+I",), "open", rule=True),
    ActionSpec("open_digits", "&File", "Open &digits…", "Step through the digits of a file, IDX or NPZ, and count how many are read right", ("Ctrl+Shift+O",)),
    ActionSpec("open_digits_folder", "&File", "Open &folder of digits…", "Step through the pictures in a folder, labelled by its folders or their names"),
    ActionSpec("open_network", "&File", "Open net&work…", "Open a network with its weights: safetensors or NPZ", ("Ctrl+Shift+N",), "open", rule=True),
    ActionSpec("save_network", "&File", "Save ne&twork as…", "Save the network with its weights as safetensors or NPZ", ("Ctrl+Alt+S",)),
    ActionSpec("export", "&File", "&Export…", "Export maps as pictures or numbers", ("Ctrl+E",), "export", rule=True),
    ActionSpec("export_code", "&File", "Export &code…", "Write network, weights and drawing as a script for NumPy, PyTorch or Keras", ("Ctrl+Shift+E",), "export"),
    ActionSpec("quit", "&File", "&Quit", "Close the program", ("Ctrl+Q",), rule=True),
    ActionSpec("undo", "&Edit", "&Undo", "Undo", ("Ctrl+Z",), "undo"),
    ActionSpec("redo", "&Edit", "&Redo", "Redo", ("Ctrl+Shift+Z", "Ctrl+Y"), "redo"),
    ActionSpec("copy_map", "&Edit", "&Copy map", "Copy the selected map as a picture", ("Ctrl+C",), "copy", rule=True),
    ActionSpec("copy_index", "&Edit", "Copy kernel &index", "Copy the code that selects the selected map's kernels", ("Ctrl+Shift+C",), "copy"),
    ActionSpec("copy_sentence", "&Edit", "Copy se&ntence", "Copy the sentence that says what the selected map is", ("Ctrl+Alt+C",), "copy"),
    ActionSpec("copy_figure", "&Edit", "&Figure…", "Copy a panel, a face, the whole equation or the window, or save it as PNG, SVG, PDF or moving picture", ("Ctrl+Shift+F",), "copy"),
    *(
        ActionSpec(f"code_{library}", "&Edit/Copy as co&de", library.label, f"Copy network, weights and drawing as a script for {library.label}")
        for library in Library
    ),
    *(
        ActionSpec(f"code_map_{library}", "&Edit/Copy as co&de", f"The selected map: {library.label}", f"Copy what makes the selected map, and the pinned pixel, as a script for {library.label}", rule=library is Library.NUMPY)
        for library in Library
    ),
    ActionSpec("copy_share", "&Edit", "Copy s&hare string", "Copy drawing, network and what is selected as one line of text, to send in a message", ("Ctrl+Alt+H",), "copy"),
    ActionSpec("paste_share", "&Edit", "Paste share strin&g", "Open the document of a share string on the clipboard; Ctrl+V does so, too", (), "paste"),
    ActionSpec("paste_image", "&Edit", "&Paste image", "Paste an image as the drawing, or a share string", ("Ctrl+V",), "paste"),
    ActionSpec("copy_kernel", "&Edit", "Copy &kernel", "Copy the kernel at hand as rows of numbers", ("Ctrl+Shift+K",), "copy", rule=True),
    ActionSpec("paste_kernel", "&Edit", "Paste kerne&l", "Replace the kernel at hand by the numbers on the clipboard", ("Ctrl+Shift+V",), "paste"),
    ActionSpec("settings_reset", "&Edit", "Reset &settings and layout", "Set colours, brush, text size and window layout back to the defaults", (), "reset", rule=True),
    ActionSpec("draw", "&Draw", "&Draw", "Draw with the left mouse button; the right one erases", ("Ctrl+D",), "pen", group="tool", checkable=True),
    ActionSpec("erase", "&Draw", "&Erase", "Erase with the left mouse button", ("Ctrl+R",), "eraser", group="tool", checkable=True),
    ActionSpec("centre", "&Draw", "Ce&ntre as MNIST does", "Scale the ink to fit 20×20 pixels, and put its centre of mass in the middle, as MNIST's digits are", ("Ctrl+M",), rule=True),
    ActionSpec("centring", "&Draw", "Centre &while drawing", "Give the network the drawing centred as MNIST does; what you draw stays as it is", checkable=True),
    ActionSpec("clear", "&Draw", "&Clear", "Clear the drawing", ("Ctrl+Backspace",), "clear", rule=True),
    ActionSpec("previous_digit", "&Draw", "&Previous digit", "Draw the digit before, of the file that is open", ("Alt+Left",), rule=True),
    ActionSpec("next_digit", "&Draw", "Ne&xt digit", "Draw the next digit of the file that is open", ("Alt+Right",)),
    ActionSpec("add_layer", "&Network", "&Add a convolution", "Add a convolution after the last one", ("Ctrl+L",), "add"),
    *(
        ActionSpec(f"add_{kind}", "&Network/Add a layer of another &kind", kind, does[0].upper() + does[1:])
        for kind, does in KINDS.items()
    ),
    *(
        ActionSpec(f"trained_{name}", "&Network/&Trained networks", name, f"Trained to read digits, {what}", group="trained", checkable=True)
        for name, what in BUNDLED.items()
    ),
    ActionSpec("hand_made", "&Network", "Ha&nd-made network", "The network of 3 and 4 filters with kernels made by hand", (), "reset"),
    ActionSpec("new_seed", "&Network", "New &seed", "Draw all random kernels and biases anew", ("Ctrl+Shift+R",), "dice"),
    ActionSpec("reset_kernel", "&Network", "Reset &one kernel", "Make the kernel at hand what it was when it was trained or drawn", ("Ctrl+Shift+Backspace",), rule=True),
    ActionSpec("reset_layer", "&Network", "Reset &layer", "Make the kernels and biases of the selected map's layer what they were"),
    ActionSpec("reset_kernels", "&Network", "Reset e&very kernel", "Make all kernels and biases what they were"),
    ActionSpec("real", "&Network", "&Real", "Own kernels, summed", ("Ctrl+1",), group="scheme", checkable=True, rule=True),
    ActionSpec("naive", "&Network", "&Every filter on every map", "One flat kernel a filter, not summed", ("Ctrl+2",), group="scheme", checkable=True),
    ActionSpec("shared", "&Network", "S&hared kernel", "One flat kernel a filter, summed", ("Ctrl+3",), group="scheme", checkable=True),
    ActionSpec("only_diagonal", "&Network", "Only the &diagonal", "Mute every contribution but those of map j to map j, as if filter j saw only map j", rule=True),
    ActionSpec("unmute_all", "&Network", "&Unmute all", "Let every contribution be heard again", ("Ctrl+U",)),
    ActionSpec("face_maps", "&View", "&Maps", "Turn all cards to their maps", ("Alt+1",)),
    ActionSpec("face_contributions", "&View", "Contri&butions", "Turn all cards to their contributions", ("Alt+2",)),
    ActionSpec("face_kernels", "&View", "&Kernels", "Turn all cards to their kernels", ("Alt+3",)),
    ActionSpec("fold", "&View", "&Fold the contributions", "Add the selected layer's contributions down into its maps, or spread them out again", ("F",)),
    ActionSpec("making", "&View", "&How the map is made", "Go to the contributions of the selected map", ("Ctrl+I",), rule=True),
    ActionSpec("zoom", "&View", "Whole map or one pi&xel", "Switch between the whole map and the pinned pixel", ("Ctrl+P",)),
    ActionSpec("kernel", "&View", "Ed&it kernel", "Go to the kernel at hand, to edit it", ("Ctrl+Alt+K",)),
    ActionSpec("tensors", "&View", "Ke&rnel tensors", "Go to the kernel tensors", ("Ctrl+T",)),
    ActionSpec("enlarge", "&View", "&Enlarge map", "Enlarge the selected map, with its histogram", ("Ctrl+Return",), "enlarge", rule=True),
    ActionSpec("previous_map", "&View", "&Previous map", "Select the previous map of the layer", ("[",)),
    ActionSpec("next_map", "&View", "&Next map", "Select the next map of the layer", ("]",)),
    ActionSpec("escape", "&View", "Let &go", "Let go of the pin, the enlargement, the selection, in that order", ("Esc",)),
    ActionSpec("colours_signed", "&View/&Colours", "Blue – black – orange", "Signed colours about black zero", group="colours", checkable=True, rule=True),
    ActionSpec("colours_print", "&View/&Colours", "Blue – white – orange, for print", "Signed colours about white zero", group="colours", checkable=True),
    ActionSpec("colours_grey", "&View/&Colours", "Grey", "From black to white", group="colours", checkable=True),
    ActionSpec("colours_viridis", "&View/&Colours", "Viridis", "From violet to yellow", group="colours", checkable=True),
    ActionSpec("scale_layer", "&View/Colour &scale", "One scale for each layer", "The maps of a layer share one scale", group="scale", checkable=True),
    ActionSpec("scale_network", "&View/Colour &scale", "One scale for the network", "All maps share one scale", group="scale", checkable=True),
    ActionSpec("scale_map", "&View/Colour &scale", "Each map its own", "Each map has a scale of its own", group="scale", checkable=True),
    ActionSpec("contrast", "&View", "C&ontrast ×1, ×2, ×4", "Make the colours 2 or 4 times as steep; the legend says where they are clipped", ("Ctrl+K",), "contrast"),
    ActionSpec("theme_system", "&View/&Theme", "&System", "As the desktop", group="theme", checkable=True, rule=True),
    ActionSpec("theme_light", "&View/&Theme", "&Light", "Light", group="theme", checkable=True),
    ActionSpec("theme_dark", "&View/&Theme", "&Dark", "Dark", group="theme", checkable=True),
    ActionSpec("larger", "&View", "&Larger text and tiles", "Larger text and tiles", ("Ctrl++", "Ctrl+=")),
    ActionSpec("smaller", "&View", "Sm&aller text and tiles", "Smaller text and tiles", ("Ctrl+-",)),
    ActionSpec("reduced_motion", "&View", "Re&duced motion", "Let the fold jump instead of move", checkable=True),
    ActionSpec("question", "&View", "The &question", "Show the question above the layers", checkable=True),
    ActionSpec("full_screen", "&View", "F&ull screen", "Full screen", ("Shift+F11",), checkable=True),
    ActionSpec("present", "&Scenes", "&Present", "Show it to a class: large text, nothing around it", ("F11",), checkable=True),
    ActionSpec("answers", "&Scenes", "&Hide the answers", "Hide what gives an answer away: the prediction, the counts on the switch, explanations", ("H",), checkable=True),
    ActionSpec("row_by_row", "&Scenes", "Make the map &row by row", "Show how the map is made from no row on; each Page Down adds one", checkable=True),
    ActionSpec("step_on", "&Scenes", "Step &on", "Go on: the next step of the scene, or the next scene", ("PgDown",), rule=True),
    ActionSpec("step_back", "&Scenes", "Step &back", "Go back: the step before, or the scene before", ("PgUp",)),
    ActionSpec("scene_as_saved", "&Scenes", "As &saved", "Bring the scene that is open back as it was saved", ("Ctrl+0",)),
    ActionSpec("add_scene", "&Scenes", "&Add scene…", "Keep what is on screen as a scene, with a name and a sentence", ("Ctrl+Shift+A",), "add", rule=True),
    ActionSpec("rename_scene", "&Scenes", "&Name and sentence…", "Change what the scene is called, and its sentence"),
    ActionSpec("update_scene", "&Scenes", "&Update to what is on screen", "Keep what is on screen in place of what the scene held"),
    ActionSpec("scene_earlier", "&Scenes", "Move &earlier", "Let the scene change places with the one before"),
    ActionSpec("scene_later", "&Scenes", "Move &later", "Let the scene change places with the one after"),
    ActionSpec("remove_scene", "&Scenes", "Remo&ve scene", "Take the scene out of the list; what is on screen stays"),
    *(
        ActionSpec(f"lesson_{name}", "&Help/&Lessons", title, f"Open the lesson “{title}”")
        for name, title in LESSONS.items()
    ),
    ActionSpec("keys", "&Help", "&Mouse and keys", "What the mouse and the keys do", ("F1",), "help"),
    ActionSpec("about", "&Help", "&About CNN Explorer", "Version and licences"),
)  # fmt: skip


def make_actions(parent: QObject) -> dict[str, QAction]:
    """Make all actions, by name, children of a parent."""
    actions: dict[str, QAction] = {}
    groups: dict[str, QActionGroup] = {}
    for spec in ACTIONS:
        action = QAction(spec.text, parent)
        action.setObjectName(spec.name)
        action.setShortcuts([QKeySequence(keys) for keys in spec.shortcuts])
        native = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
        action.setToolTip(f"{spec.tip} ({native})" if native else spec.tip)
        action.setStatusTip("")
        action.setCheckable(spec.checkable)
        if spec.group:
            group = groups.setdefault(spec.group, QActionGroup(parent))
            group.addAction(action)
        # Without this a role is guessed from the text, and macOS moves “settings” elsewhere.
        role = {"quit": QAction.MenuRole.QuitRole, "about": QAction.MenuRole.AboutRole}
        action.setMenuRole(role.get(spec.name, QAction.MenuRole.NoRole))
        actions[spec.name] = action
    return actions


def fill_menus(bar: QMenuBar, actions: dict[str, QAction]) -> dict[str, QMenu]:
    """Make the menus that the table names, by their path."""
    menus: dict[str, QMenu] = {}
    for spec in ACTIONS:
        path = spec.menu.split("/")
        if path[0] not in menus:
            menus[path[0]] = bar.addMenu(path[0])
        menu = menus[path[0]]
        if spec.rule:
            if len(path) > 1 and spec.menu in menus:
                menus[spec.menu].addSeparator()
            else:
                menu.addSeparator()
        if len(path) > 1:
            if spec.menu not in menus:
                menus[spec.menu] = menu.addMenu(path[1])
            menu = menus[spec.menu]
        menu.addAction(actions[spec.name])
    return menus


def paint_icons(actions: dict[str, QAction], palette: QPalette) -> None:
    """Give actions their icons in the palette's text colour."""
    for spec in ACTIONS:
        if spec.icon:
            actions[spec.name].setIcon(icon(spec.icon, palette))
