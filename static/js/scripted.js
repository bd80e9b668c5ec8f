// Tells the style sheets, before the first paint, that scripts run here.
document.documentElement.classList.add("scripted");
