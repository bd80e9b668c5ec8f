// The citizens' pages work without this. With it: leave at once by Shift three times, a character
// count near the limit, focus on what went wrong, copy and print the code, times of the reader's clock.
(() => {
  const all = (selector, act) => document.querySelectorAll(selector).forEach(act);

  const way = document.querySelector('[data-exit]');
  const leave = () => {
    document.body.className = 'blank';
    document.title = ' ';
    window.location.replace(way.href); // this page goes from the back button as well
  };
  if (way) {
    let pressed = [];
    way.addEventListener('click', (event) => { event.preventDefault(); leave(); });
    document.addEventListener('keyup', (event) => {
      pressed = event.key === 'Shift' ? [...pressed, Date.now()].slice(-3) : [];
      if (pressed.length === 3 && pressed[2] - pressed[0] < 5000) leave();
    });
  }

  const wrong = document.querySelector('[data-focus]');
  if (wrong) wrong.focus();

  all('[data-count]', (line) => {
    const field = document.getElementById(line.dataset.count);
    const most = Number(field.dataset.most);
    const count = () => {
      const left = most - [...field.value.trim()].length;
      line.hidden = left > 500;
      const words = left < 0 ? line.dataset.over : line.dataset.left;
      line.textContent = line.hidden ? '' : words.replace('{number}', Math.abs(left));
    };
    field.addEventListener('input', count);
    count();
  });

  all('[data-scripted]', (part) => { part.hidden = false; });
  all('[data-print]', (button) => button.addEventListener('click', () => window.print()));
  all('[data-copy]', (button) => {
    if (!navigator.clipboard) { button.hidden = true; return; }
    button.addEventListener('click', async () => {
      await navigator.clipboard.writeText(document.querySelector('[data-code]').dataset.code);
      button.textContent = button.dataset.done;
    });
  });

  all('time[data-local]', (time) => {
    const at = new Date(time.dateTime);
    const today = at.toDateString() === new Date().toDateString();
    const form = today ? { timeStyle: 'short' } : { dateStyle: 'medium', timeStyle: 'short' };
    time.textContent = new Intl.DateTimeFormat(document.documentElement.lang, form).format(at);
  });
})();
