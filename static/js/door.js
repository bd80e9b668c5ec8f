// Show and hide a password. Everything else on the door works without script.
for (const button of document.querySelectorAll('[data-show]')) {
  const field = document.getElementById(button.dataset.show);
  const word = button.textContent;
  button.addEventListener('click', () => {
    const hidden = field.type === 'password';
    field.type = hidden ? 'text' : 'password';
    button.textContent = hidden ? button.dataset.hideWord : word;
    button.setAttribute('aria-pressed', String(hidden));
    field.focus();
  });
}
document.getElementById('trouble')?.focus();
