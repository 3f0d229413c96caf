// Runs before the page is drawn: what it shows depends on whether somebody is signed in.
if (sessionStorage.getItem("identity")) document.documentElement.dataset.signedIn = "";
