// Runs before the page is drawn: what it shows depends on scripts, and on whether somebody is signed in.
document.documentElement.dataset.scripts = "";
if (sessionStorage.getItem("identity")) document.documentElement.dataset.signedIn = "";
